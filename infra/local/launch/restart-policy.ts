/** Pauses before the restarts of a process, and the number of exits after which it is given up. */
export interface RestartPolicy {
  /** Pause after the first exit, in milliseconds; it doubles with each further exit within `windowMs`. */
  initialDelayMs: number
  /** Upper bound of the pauses, in milliseconds. */
  maxDelayMs: number
  /** Exits within `windowMs` that end the restarts, the last one included. */
  maxExits: number
  /** Time after which an exit no longer counts, in milliseconds. */
  windowMs: number
}

/**
 * Restart policy of every process of the studio: services, embedded servers and Vite. A process that crashed once is back within
 * seconds. The pauses of 1, 2, 4 and 8 s keep a process whose cause lasts from restarting in a busy loop. Five exits within a
 * minute mean a cause that a restart does not remove, such as a wrong setting: the studio then stops, after about 15 s, and shows
 * the last lines of the process, instead of running without it. Crashes more than a minute apart are independent and do not add
 * up. `maxDelayMs` takes effect only with more exits than these.
 */
export const STUDIO_RESTART_POLICY: RestartPolicy = {
  initialDelayMs: 1_000,
  maxDelayMs: 10_000,
  maxExits: 5,
  windowMs: 60_000,
}

/**
 * Counts the exits of one process.
 *
 * @returns a function to be called at each exit, with the time in milliseconds. It returns the pause before the restart in
 *   milliseconds, or undefined when the policy gives up
 */
export function createRestartDelays(policy: RestartPolicy): (now?: number) => number | undefined {
  let exits: number[] = []
  return (now = performance.now()) => {
    exits = [...exits.filter(exitedAt => now - exitedAt < policy.windowMs), now]
    if (exits.length >= policy.maxExits) return undefined
    return Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** (exits.length - 1))
  }
}
