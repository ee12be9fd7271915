/** Share of the time that a call has taken so far which a poll may come too late. */
const SHARE_OF_AGE = 0.05
const MIN_SECONDS = 0.2

/**
 * Returns the time until the next poll of a call: short while the call is young, because an image is awaited that takes little longer, and
 * up to `maxSeconds` for one that takes minutes.
 */
export function computePollInterval(ageSeconds: number, maxSeconds: number): number {
  return Math.min(maxSeconds, Math.max(MIN_SECONDS, ageSeconds * SHARE_OF_AGE))
}
