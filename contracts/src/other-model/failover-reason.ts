import type { FailureCode } from '../failures.ts'
import type { Generation } from '../generation.ts'

/**
 * Waits that end only when a connection is up again, or repaired by a person. Free of schemas.
 *
 * What waits for one of them was not taken by its provider, unless a call of it is open: ingest looks.
 */
export const FAILOVER_WAITS = ['provider-down', 'no-credit', 'key-refused', 'not-configured'] as const

/** Failures by a connection rather than by what was wanted, after which another connection may make it. Of each the outcome is known. */
export const FAILOVER_FAILURES = [
  'rate_limited',
  'too_many_at_once',
  'provider_busy',
  'provider_unreachable',
  'provider_silent',
  'key_refused',
  'no_permission',
  'payment_required',
  'model_unknown',
  'gave_up',
] as const satisfies readonly FailureCode[]

/** Returns whether a generation can be made elsewhere: it waits for its connection, or has failed by it, and has no outputs. */
export function canFailOver({ status, waiting, error, deletedAt }: Generation): boolean {
  if (deletedAt !== null) return false
  if (status === 'failed') return FAILOVER_FAILURES.some(code => code === error?.code)
  if (status !== 'queued' && status !== 'processing') return false
  return FAILOVER_WAITS.some(reason => reason === waiting?.reason)
}
