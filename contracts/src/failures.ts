import type { PublicError } from './output.ts'

/**
 * Effect of a failure on its call. `retryable`: the call had no effect and may be repeated as it is. `permanent`: it never succeeds as
 * it is. `unknown`: the provider may have started the work, and may bill it.
 */
export type FailureClass = 'retryable' | 'permanent' | 'unknown'

/** An entry of the failure table. */
export interface Failure {
  /** Class of the failure, where it is raised without another. */
  failure: FailureClass
  /** Whether polling the provider again about the same request (mode `check`) can find the outputs. */
  canCheck: boolean
  /**
   * Effect on the provider's circuit breaker. `count`: it opens after three failures in a row; a permanent failure is an answer and does
   * not count. `pause`: it opens at once, until the time that the provider named; without a time it stays closed. `check`: it opens
   * until a user has the connection checked, or changes it.
   */
  breaker: 'none' | 'count' | 'pause' | 'check'
  /** Sentence for users, where none more specific is known. At most 500 characters. */
  message: string
}

/**
 * Every failure of a generation or an output, by its code. Adapters, the circuit breaker, the worker, the import and the UI read
 * this table. A code is written into rows, so it is never renamed; rows may also hold codes of older versions and of imports.
 */
export const FAILURES = {
  // The provider responded: it refused, or failed.
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
  too_many_at_once: {
    failure: 'retryable',
    canCheck: false,
    breaker: 'pause',
    message: 'The provider works on as many requests of this account as it allows at once.',
  },
  key_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'check',
    message: 'The provider does not accept the key. Replace it in Settings, Connections.',
  },
  no_permission: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The key is good, but may not do this. Give it the permission at the provider, or use another model.',
  },
  payment_required: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'check',
    message: 'The account has no credit left. Add credit at the provider, then check the connection in Settings.',
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
  output_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider made it and held it back, because of its rules for content. It may be billed.',
  },
  setting_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider does not take one of the settings.',
  },
  reference_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The provider does not take one of the reference images.',
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
  request_gone: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'It was made, and the provider has removed it before it could be fetched.',
  },
  request_forgotten: {
    failure: 'retryable',
    canCheck: false,
    breaker: 'none',
    message: 'The server was started again and has forgotten it before anything was made.',
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
  // The provider gave no response that can be trusted.
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
  replaced: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'This is made by another model instead.',
  },
  // A single output is missing.
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
  fetch_refused: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'The studio does not fetch files from where this is, so it was not saved.',
  },
  fetch_failed: {
    failure: 'permanent',
    canCheck: false,
    breaker: 'none',
    message: 'It could not be fetched from where it was made, and is no longer tried.',
  },
  // The generation or output failed in the system that it was imported from.
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

/**
 * Returns the error of a failure for users, which can be stored: names in it may be a provider's.
 *
 * @param message a more specific sentence than the table's
 */
export function publicError(code: FailureCode, message: string = FAILURES[code].message): PublicError {
  return { code, message: message.replaceAll('\0', '').slice(0, 500).toWellFormed() }
}

/** Returns the entry for a code from a row; undefined if the table does not have it. */
export function findFailure(code: string): Failure | undefined {
  return Object.hasOwn(FAILURES, code) ? FAILURES[code as FailureCode] : undefined
}
