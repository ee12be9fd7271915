import { backoff } from '@darkroom/infra/runtime/timers'
import type { StoreOutputFailure } from '../outputs/store-output-error.ts'

/** A try to bring an output home that failed, and what was known when it began. */
export interface FailedTry {
  failure: StoreOutputFailure
  /** What the provider answered, where it answered that there is nothing to be had. */
  status: number | null
  /** This one included. */
  tries: number
  /** Seconds until the provider's address expires; negative once it has, null where none was announced. */
  expiresIn: number | null
  /** Seconds since the generation was completed; 0 while it is not. */
  age: number
}

/** Which try it is, and how long its address has to live. */
export type TryState = Pick<FailedTry, 'tries' | 'expiresIn'>

const DELETED_STATUSES = [404, 410]
/** So often a provider must have said that an output is gone while its address has not expired. */
const TRIES_BEFORE_EXPIRY = 3
/** After an address has expired, a provider that fails in other ways gets so much longer, in seconds. */
const GRACE_SECONDS = 3_600
/** Without an announced expiry an output is tried for so long, in seconds. */
const MAX_AGE_SECONDS = 7 * 86_400
const MAX_DELAY_MS = 3_600_000

/** Whether an output can be had no more. Our own store's failures say nothing about the provider. */
export function isLost(failed: FailedTry): boolean {
  if (failed.failure === 'store') return false
  return isPermanentlyRefused(failed) || isOverdue(failed)
}

/**
 * How long to wait before the next try: exponential with full jitter, but never beyond half of what an address has left to
 * live, so that there is a try shortly before it expires.
 *
 * @param options.base the longest pause after the first try, in milliseconds
 */
export function nextRehostDelay(
  { tries, expiresIn }: TryState,
  { base, random }: { base: number; random?: () => number },
): number {
  const delay = backoff(tries - 1, { base, most: MAX_DELAY_MS, ...(random ? { random } : {}) })
  if (expiresIn === null || expiresIn <= 0) return delay
  return Math.min(delay, Math.max(base, (expiresIn * 1_000) / 2))
}

function isPermanentlyRefused({ failure, status, tries, expiresIn }: FailedTry): boolean {
  if (failure !== 'gone') return false
  if (expiresIn !== null && expiresIn <= 0) return true
  return DELETED_STATUSES.includes(status ?? 0) && tries >= TRIES_BEFORE_EXPIRY
}

function isOverdue({ expiresIn, age }: FailedTry): boolean {
  return expiresIn === null ? age > MAX_AGE_SECONDS : expiresIn < -GRACE_SECONDS
}
