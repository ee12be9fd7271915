/** Pauses before the restarts of a process. There is no last restart. */
export interface RestartPolicy {
  /** Pause after the first exit, in milliseconds; it doubles with each further exit in a row. */
  initialDelayMs: number
  /** Upper bound of the pauses, in milliseconds. */
  maxDelayMs: number
  /** Time after which a process runs well, in milliseconds: an exit after that counts as the first again. */
  resetAfterMs: number
}

/** An exit of a process, counted. */
export interface CountedExit {
  /** Exits in a row, this one included. */
  exits: number
  /** Pause before the restart, in milliseconds. */
  delayMs: number
}

/**
 * Restart policy of every process of the studio: services, embedded servers and Vite. A process that crashed once is back within
 * seconds. One whose cause lasts is started ever more rarely, up to once a minute, and never given up: the other processes go on
 * without it, and it works again as soon as its cause is gone. Crashes more than a minute apart are independent.
 */
export const STUDIO_RESTART_POLICY: RestartPolicy = { initialDelayMs: 1_000, maxDelayMs: 60_000, resetAfterMs: 60_000 }

/**
 * Counts the exits of one process.
 *
 * @returns a function to be called at each exit, with the time that the process ran in milliseconds
 */
export function createExitCounter(policy: RestartPolicy): (ranMs: number) => CountedExit {
  let exits = 0
  return ranMs => {
    exits = ranMs >= policy.resetAfterMs ? 1 : exits + 1
    return { exits, delayMs: Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** (exits - 1)) }
  }
}
