import { createBackoff } from '../live/backoff.ts'

export interface RetryTimerOptions {
  /** Sends what is waiting. */
  retry: () => void
  /** Runs a callback after a number of milliseconds. */
  setTimer: (callback: () => void, ms: number) => void
}

/**
 * Creates the timer that sends again what is waiting, at most one at a time. It is needed where no connection event
 * announces that the studio is back: one service may be down while the event stream of another stays open.
 */
export function createRetryTimer({ retry, setTimer }: RetryTimerOptions) {
  const backoff = createBackoff({ initialMs: 2_000, maxMs: 30_000 })
  let scheduled: symbol | undefined

  /** Schedules the next retry, unless it is scheduled already. @param minDelayMs the least time until then, in milliseconds */
  function schedule(minDelayMs = 0) {
    if (scheduled) return
    const own = Symbol('retry')
    scheduled = own
    const run = () => {
      if (scheduled !== own) return
      scheduled = undefined
      retry()
    }
    setTimer(run, Math.max(backoff.nextDelay(), minDelayMs))
  }

  /** Cancels the scheduled retry and starts again from the first delay: the caller retries at once. */
  function restart() {
    scheduled = undefined
    backoff.reset()
  }

  return { schedule, restart, reset: backoff.reset }
}
