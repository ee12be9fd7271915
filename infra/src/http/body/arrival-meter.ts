/** Measures how fast a body arrives. */
export interface ArrivalMeter {
  add(bytes: number): void
  /** Returns all bytes so far. */
  total(): number
  /** Returns the time since the meter was created, in milliseconds. */
  age(): number
  /** Returns the bytes of about the last `milliseconds`, at most 30 s. */
  countRecent(milliseconds: number): number
}

/** Longest time that can be looked back on, and the length of an interval in which bytes are counted together, in milliseconds. */
const [LONGEST_MS, INTERVAL_MS] = [30_000, 500]

/** @param now returns a time that never goes back, in milliseconds */
export function createArrivalMeter(now: () => number): ArrivalMeter {
  const startedAt = now()
  let total = 0
  /** Bytes by interval, from the first to the latest of them; the oldest first. */
  let intervals: { from: number; to: number; bytes: number }[] = []
  return {
    add: bytes => {
      const at = now()
      total += bytes
      const latest = intervals.at(-1)
      if (latest && at - latest.from < INTERVAL_MS) {
        latest.to = at
        latest.bytes += bytes
        return
      }
      intervals = intervals.filter(({ to }) => at - to <= LONGEST_MS)
      intervals.push({ from: at, to: at, bytes })
    },
    total: () => total,
    age: () => now() - startedAt,
    countRecent: milliseconds => {
      const since = now() - milliseconds
      return intervals.reduce((sum, { to, bytes }) => (to >= since ? sum + bytes : sum), 0)
    },
  }
}
