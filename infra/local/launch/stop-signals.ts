/** Signals by which a terminal, a service manager and npx request a stop. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const DEBOUNCE_MS = 2_000
const PARENT_CHECK_INTERVAL_MS = 1_000

export interface StopHandlers {
  /** Called once, for the first request. */
  onStop: () => void
  /** Called for each further request. */
  onForceStop: () => void
}

/** Calls the handlers when this process receives a stop signal. */
export function listenForStopSignals(handlers: StopHandlers): void {
  const handleSignal = createStopDebouncer(handlers)
  for (const signal of STOP_SIGNALS) process.on(signal, () => handleSignal())
}

/** Calls `onExit` when the process that started this one is gone, however it ended. */
export function watchParentProcess(pid: number, onExit: () => void): void {
  const timer = setInterval(() => {
    try {
      process.kill(pid, 0)
    } catch (error) {
      // The process of another user exists, though it may not be signalled.
      if (error instanceof Error && 'code' in error && error.code === 'EPERM') return
      clearInterval(timer)
      onExit()
    }
  }, PARENT_CHECK_INTERVAL_MS)
  timer.unref()
}

/**
 * Debounces stop signals. Through npx one Ctrl-C arrives several times at once, so signals within two seconds are one request.
 * A later signal is a new request, from a user who does not want to wait.
 *
 * @returns a function to be called with the time of each signal, in milliseconds
 */
export function createStopDebouncer({ onStop, onForceStop }: StopHandlers): (now?: number) => void {
  let lastSignalAt: number | undefined
  return (now = performance.now()) => {
    if (lastSignalAt !== undefined && now - lastSignalAt <= DEBOUNCE_MS) return
    const handler = lastSignalAt === undefined ? onStop : onForceStop
    lastSignalAt = now
    handler()
  }
}
