import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import { ProviderError } from '../adapter.ts'
import { withQuote } from '../http/quote-provider.ts'
import type { Task } from './wire.ts'

/**
 * The failures of a task by the beginnings of their codes.
 *
 * @see https://docs.dev.runwayml.com/api-details/task-failures [D]; ASSET.INVALID and THIRD_PARTY are [U]
 */
const FAILURE_CODES: readonly (readonly [prefix: string, code: FailureCode])[] = [
  ['SAFETY.OUTPUT', 'output_refused'],
  ['SAFETY', 'content_refused'],
  ['INPUT_PREPROCESSING.SAFETY', 'content_refused'],
  ['THIRD_PARTY.SAFETY', 'content_refused'],
  ['ASSET.INVALID', 'reference_refused'],
]

/** Returns the reason why a task has failed, in Runway's own words. Which input was refused is not said: its code may be wrong [D]. */
export function toTaskFailure({ failure, failureCode }: Task): ProviderError {
  const found = FAILURE_CODES.find(([prefix]) => failureCode?.startsWith(prefix))
  const code = found?.[1] ?? 'provider_failed'
  return new ProviderError(code, { message: withQuote(FAILURES[code].message, failure) })
}
