import type { Status } from '../enums.ts'
import type { FailureCode } from '../failures.ts'
import type { Generation } from '../generation.ts'
import { isTerminal } from '../lifecycle.ts'

/**
 * Waits that end only when a connection is up again, or repaired by a person. Free of schemas.
 *
 * What waits for one of them was not taken by its provider, unless a call of it is open: ingest looks.
 */
export const FAILOVER_WAITS = ['provider-down', 'no-credit', 'key-refused', 'not-configured'] as const

/** Failures by a connection rather than by what was wanted, after which another connection may make it. Of each the outcome is known. */
const FAILOVER_FAILURES = [
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
  return deletedAt === null && isByConnection({ status, waitsFor: waiting?.reason, failedBy: error?.code })
}

/** Returns whether it is the connection of a generation that it waits for, or has failed by. */
export function isByConnection(generation: {
  status: Status
  /** Reason of its wait, if it waits. */
  waitsFor: string | null | undefined
  /** Code of its error, if it has one. */
  failedBy: string | null | undefined
}): boolean {
  const { status, waitsFor, failedBy } = generation
  if (status === 'failed') return FAILOVER_FAILURES.some(code => code === failedBy)
  return !isTerminal(status) && FAILOVER_WAITS.some(reason => reason === waitsFor)
}
