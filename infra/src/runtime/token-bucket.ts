/** A limit of the rate of something that may come in bursts. */
export interface TokenBucket {
  /** Takes tokens if there are as many. @returns whether they were taken */
  take(tokens: number): boolean
}

/**
 * Creates a full token bucket.
 *
 * @param options `capacity`: tokens that may be taken at once; `perSecond`: tokens that are added; `now`: a clock in ms that never goes back
 */
export function createTokenBucket(options: { capacity: number; perSecond: number; now?: () => number }): TokenBucket {
  const { capacity, perSecond, now = () => performance.now() } = options
  let tokens = capacity
  let filledAt = now()
  return {
    take: wanted => {
      const time = now()
      tokens = Math.min(capacity, tokens + ((time - filledAt) / 1_000) * perSecond)
      filledAt = time
      if (wanted > tokens) return false
      tokens -= wanted
      return true
    },
  }
}
