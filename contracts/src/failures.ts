import type { PublicError } from './output.ts'

/**
 * What a failure means for the call that failed: `retryable` had no effect and may be made again as it is, `permanent` never
 * succeeds as it is, and after `unknown` the provider may have begun (and bill) the work.
 */
export type FailureClass = 'retryable' | 'permanent' | 'unknown'

/** What the failure table says of one code. */
export interface Failure {
  /** What it means where it is raised without saying more. */
  failure: FailureClass
  /** Whether asking the provider again about the same request (`check`) can find the outputs. */
  canCheck: boolean
  /**
   * What it does to the provider's circuit breaker: nothing, `count` (it opens after three in a row, unless the failure is
   * permanent: a refusal is an answer), or `pause` (it opens at once, until the time that the provider named).
   */
  breaker: 'none' | 'count' | 'pause'
  /** What a person reads, where no more particular sentence is known. At most 500 characters. */
  message: string
}

/**
 * Every failure of a generation or an output, by its code. Adapters, the circuit breaker, the plan of a retry and the UI read
 * this table. A code is written into rows, so it is never renamed; rows may also hold codes of older versions and of imports.
 */
export const FAILURES = {
  // The provider answered: it refused, or failed.
  rate_limited: {
    failure: 'retryable',
    canCheck: false,
    breaker: 'pause',
    message: 'The provider takes no more requests at the moment.',
  },
  provider_busy: {
    failure: 'retryable',
    canCheck: true,
    breaker: 'count',
    message: 'The provider is busy or down.',
  },
  key_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider does not accept the key it was given.',
  },
  payment_required: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider asks for payment.',
  },
  provider_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'count',
    message: 'The provider refused.',
  },
  content_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider refused the prompt or a picture.',
  },
  reference_unreadable: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'A reference image could not be read.',
  },
  model_unknown: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider does not offer this model.',
  },
  request_unknown: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider does not know this request.',
  },
  provider_failed: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider could not make it.',
  },
  no_outputs: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider finished without giving anything.',
  },
  cancelled_by_provider: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider cancelled it.',
  },
  // No answer that can be trusted came from the provider.
  provider_silent: {
    failure: 'unknown',
    canCheck: true,
    breaker: 'count',
    message: 'The provider did not answer in time.',
  },
  provider_unreachable: {
    failure: 'unknown',
    canCheck: true,
    breaker: 'count',
    message: 'The provider could not be reached.',
  },
  provider_misbehaved: {
    failure: 'unknown',
    canCheck: false,
    breaker: 'count',
    message: 'The provider gave an answer that makes no sense.',
  },
  provider_too_long: {
    failure: 'permanent',
    canCheck: true,
    breaker: 'none',
    message: 'The provider did not finish in time, and was asked to stop.',
  },
  unknown_outcome: {
    failure: 'unknown',
    canCheck: true,
    breaker: 'none',
    message: 'It was being sent to the provider when something broke off: it may have been made, and billed, or not.',
  },
  // The studio ended it.
  interrupted: {
    failure: 'retryable',
    canCheck: false,
    breaker: 'none',
    message: 'The work was interrupted.',
  },
  too_long: {
    failure: 'permanent',
    canCheck: true,
    breaker: 'none',
    message: 'This took longer than the studio allows, and was stopped.',
  },
  gave_up: {
    failure: 'permanent',
    canCheck: true,
    breaker: 'none',
    message: 'This was tried several times and never finished. You can try it again.',
  },
  cancelled: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'This was cancelled before it was made.',
  },
  // One output has no bytes of its own.
  not_made: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider ended without making this.',
  },
  not_stored: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'It was made, but could not be stored.',
  },
  lost: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'It was deleted by the provider before it could be saved.',
  },
  // It was like this in the system that it was imported from.
  imported_unfinished: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'It was not finished where it came from.',
  },
  imported_empty: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'What it made was not brought along.',
  },
  imported_failed: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'It had failed where it came from.',
  },
} as const satisfies Record<string, Failure>

export type FailureCode = keyof typeof FAILURES

/** Returns the error that people see of a failure. @param message a more particular sentence than the table's */
export function publicError(code: FailureCode, message: string = FAILURES[code].message): PublicError {
  return { code, message: message.slice(0, 500) }
}

/** Returns what the table says of a code from a row, or undefined where it does not know it. */
export function findFailure(code: string): Failure | undefined {
  return Object.hasOwn(FAILURES, code) ? FAILURES[code as FailureCode] : undefined
}
