/** Share of the time that a call has taken so far which a poll may come too late. */
const SHARE_OF_AGE = 0.05

/**
 * Returns the time until the next poll of a call: short while the call is young, because an image is awaited that takes little longer, and
 * up to `max` for one that takes minutes.
 *
 * @param limits in seconds. A wait of less than a second holds the slot of the call, which others may wait for
 */
export function computePollInterval(ageSeconds: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, ageSeconds * SHARE_OF_AGE))
}
