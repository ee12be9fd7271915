/** The studio's clock. */
export interface Clock {
  /** Returns the studio's time, in milliseconds since 1970. */
  now: () => number
  /** Sets the clock by the `Date` header of a response. */
  syncTo: (date: string | null) => void
}

/** A smaller difference is ignored: the header has whole seconds, and is older by the time that the response took. */
const SKEW_TOLERANCE_MS = 3_000

/**
 * Creates the studio's clock. The progress ring is computed from the time since the job was started, and this computer's
 * clock may be wrong by minutes.
 */
export function createClock(localNow: () => number = Date.now): Clock {
  let offset = 0
  const syncTo = (date: string | null) => {
    const difference = Date.parse(date ?? '') - localNow()
    if (!Number.isNaN(difference)) offset = Math.abs(difference) < SKEW_TOLERANCE_MS ? 0 : difference
  }
  return { now: () => localNow() + offset, syncTo }
}
