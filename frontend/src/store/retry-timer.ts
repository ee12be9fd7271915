import { createBackoff } from '../live/backoff.ts'

export interface RetryTimerOptions {
  /** Sends what is waiting. */
  retry: () => void
  /** Runs a callback after a number of milliseconds. */
  setTimer: (callback: () => void, ms: number) => void
}

/**
 * Creates the timer that sends waiting submissions again, at most one at a time. It is needed where no connection event
 * announces that the studio is back: one service may be down while the event stream of another stays open.
 */
export function createRetryTimer({ retry, setTimer }: RetryTimerOptions) {
  const backoff = createBackoff({ initialMs: 2_000, maxMs: 30_000 })
  let isScheduled = false

  function schedule() {
    if (isScheduled) return
    isScheduled = true
    const run = () => {
      isScheduled = false
      retry()
    }
    setTimer(run, backoff.nextDelay())
  }

  return { schedule, reset: backoff.reset }
}
