export interface Clock {
  /** The studio's time, in milliseconds since 1970. */
  now: () => number
  /** Learns the studio's time from the `Date` header of an answer. */
  syncTo: (date: string | null) => void
}

/** The header has whole seconds and is as old as the answer was long: less than this is no difference. */
const SKEW_TOLERANCE_MS = 3_000

/**
 * The studio's clock. A ring that continues where it was needs to know how long ago the work began, and this computer's own
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
