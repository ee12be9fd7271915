/** What a terminal, a service manager and npx send when somebody wants it to end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const ONE_WISH_MS = 2_000
const PARENT_CHECK_MS = 1_000

export interface StopOptions {
  /** Called once. */
  stop: () => void
  /** Called for each impatient wish after that. */
  force: () => void
}

/** Has a process hear the wish to stop. */
export function onStopSignals(options: StopOptions): void {
  const hear = createStopWish(options)
  for (const signal of SIGNALS) process.on(signal, () => hear())
}

/** Calls `stop` when the process that started this one is gone, however it went. */
export function onParentGone(pid: number, stop: () => void): void {
  const timer = setInterval(() => {
    try {
      process.kill(pid, 0)
    } catch (error) {
      // One that is somebody else's may not be signalled, but is there.
      if (error instanceof Error && 'code' in error && error.code === 'EPERM') return
      clearInterval(timer)
      stop()
    }
  }, PARENT_CHECK_MS)
  timer.unref()
}

/**
 * Tells one wish to stop from the next. Through npx one Ctrl-C arrives several times at once, so what follows within two
 * seconds is the same wish; what comes later is somebody who will not wait.
 *
 * @returns to be called with the time of each signal, in milliseconds
 */
export function createStopWish({ stop, force }: StopOptions): (now?: number) => void {
  let latest: number | undefined
  return (now = performance.now()) => {
    if (latest !== undefined && now - latest <= ONE_WISH_MS) return
    const wish = latest === undefined ? stop : force
    latest = now
    wish()
  }
}
