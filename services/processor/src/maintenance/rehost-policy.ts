import { RETRY_POLICIES, type RetryPolicy, retryDelay } from '@darkroom/infra/runtime/retry-policies'
import type { StoreOutputFailure } from '../outputs/store-output-error.ts'

/** A failed try to rehost an output, and the state of its URL when the try began. */
export interface FailedTry {
  failure: StoreOutputFailure
  /** HTTP status of the provider's response, if it refused. */
  status: number | null
  /** Whether the studio refuses the URL by itself, on any day and with any settings: it is imported, and not public. */
  isForbidden: boolean
  /** Tries so far, this one included. */
  tries: number
  /** Seconds until the provider's URL expires; negative once it has, null if no expiry was announced. */
  expiresIn: number | null
  /** Seconds since the generation was completed; 0 while it is not. */
  age: number
}

/** The number of a try, and the lifetime that is left to its URL. */
export type TryState = Pick<FailedTry, 'tries' | 'expiresIn'>

const DELETED_STATUSES = [404, 410]
/** Tries to which a provider must have responded that an output is gone although its URL has not expired. */
const TRIES_BEFORE_EXPIRY = 3
/** Time after the expiry of a URL for which a provider that fails in other ways is still tried. */
const GRACE_SECONDS = 3_600
/** Time for which an output without an announced expiry is tried. */
const MAX_AGE_SECONDS = 7 * 86_400

/** Returns whether an output can never be rehosted. Failures of our own store say nothing about the provider. */
export function isLost(failed: FailedTry): boolean {
  if (failed.failure === 'store') return false
  return failed.isForbidden || isPermanentlyRefused(failed) || isOverdue(failed)
}

/**
 * Returns the pause before the next try, in milliseconds: exponential back-off with full jitter, but at most half of the
 * lifetime that is left to the URL, so that there is a try shortly before it expires.
 *
 * @param random in [0, 1), for tests
 */
export function nextRehostDelay(
  { tries, expiresIn }: TryState,
  policy: RetryPolicy = RETRY_POLICIES.rehost,
  random?: () => number,
): number {
  const delay = retryDelay(policy, tries, random)
  if (expiresIn === null || expiresIn <= 0) return delay
  return Math.min(delay, Math.max(policy.baseMs, (expiresIn * 1_000) / 2))
}

function isPermanentlyRefused({ failure, status, tries, expiresIn }: FailedTry): boolean {
  if (failure !== 'gone') return false
  if (expiresIn !== null && expiresIn <= 0) return true
  return DELETED_STATUSES.includes(status ?? 0) && tries >= TRIES_BEFORE_EXPIRY
}

function isOverdue({ expiresIn, age }: FailedTry): boolean {
  return expiresIn === null ? age > MAX_AGE_SECONDS : expiresIn < -GRACE_SECONDS
}
