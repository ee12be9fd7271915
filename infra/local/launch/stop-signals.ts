/** What a terminal, a service manager and npx send when somebody wants it to end. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const DEBOUNCE_MS = 2_000
const PARENT_CHECK_INTERVAL_MS = 1_000

export interface StopHandlers {
  /** Called once. */
  onStop: () => void
  /** Called for each impatient wish after that. */
  onForceStop: () => void
}

/** Has a process hear the wish to stop. */
export function listenForStopSignals(handlers: StopHandlers): void {
  const handleSignal = createStopDebouncer(handlers)
  for (const signal of STOP_SIGNALS) process.on(signal, () => handleSignal())
}

/** Calls `stop` when the process that started this one is gone, however it went. */
export function watchParentProcess(pid: number, onExit: () => void): void {
  const timer = setInterval(() => {
    try {
      process.kill(pid, 0)
    } catch (error) {
      // One that is somebody else's may not be signalled, but is there.
      if (error instanceof Error && 'code' in error && error.code === 'EPERM') return
      clearInterval(timer)
      onExit()
    }
  }, PARENT_CHECK_INTERVAL_MS)
  timer.unref()
}

/**
 * Tells one wish to stop from the next. Through npx one Ctrl-C arrives several times at once, so what follows within two
 * seconds is the same wish; what comes later is somebody who will not wait.
 *
 * @returns to be called with the time of each signal, in milliseconds
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
