import type { Log } from '../log.ts'
import { readErrorCode } from './error-code.ts'
import { sleep, withDeadline } from './timers.ts'

/** The life of a process: its stop signal, and the resources that are closed when it stops. */
export interface Lifecycle {
  /** Aborted when the process is asked to stop: some time before `stopping`, where proxies have to notice that it is not ready. */
  leaving: AbortSignal
  /** Aborted when the process begins to stop. */
  stopping: AbortSignal
  /** Aborted by a second stop signal: its sender does not wait for what is under way. */
  forced: AbortSignal
  /** Registers a resource. Resources are closed in reverse order, each within `deadlineMs` (5 s unless given). */
  onClose(name: string, close: () => unknown, deadlineMs?: number): void
  /** Closes every resource and exits the process. Later calls wait for the first. */
  stop(reason: string, exitCode?: number): Promise<void>
}

const CLOSE_MS = 5_000
/** Through a process group, or from a service manager and its launcher, one signal arrives several times. A later one is a second request. */
const DEBOUNCE_MS = 1_500
/** The watchdog of the launcher stops a process at once; this is for one without a watchdog, and for a watchdog that was killed. */
const PARENT_CHECK_MS = 5_000

/**
 * Creates the lifecycle of this process. The process stops on SIGTERM and SIGINT, on an uncaught error, and when its parent
 * process is gone. Each resource has a deadline for closing, so one that hangs does not block the others.
 *
 * @param options `parentPid`: the parent process to watch; none unless given. `delayMs`: time between a stop signal and the stop; none
 *   unless given, and none after a second signal
 */
export function createLifecycle(options: { log: Log; parentPid?: number | undefined; delayMs?: number }): Lifecycle {
  const { log, delayMs = 0 } = options
  const controller = new AbortController()
  const leaving = new AbortController()
  const forcing = new AbortController()
  const closers: { name: string; close: () => unknown; deadlineMs: number }[] = []
  let stopped: Promise<void> | undefined

  const closeAll = async (reason: string, exitCode: number) => {
    log.info({ reason }, 'process_stopping')
    controller.abort(new Error(`stopping: ${reason}`))
    for (const closer of closers.reverse()) await closeOne(closer, log)
    log.info({ reason }, 'process_stopped')
    process.exit(exitCode)
  }
  const stop = (reason: string, exitCode = 0) => {
    leaving.abort()
    stopped ??= closeAll(reason, exitCode)
    return stopped
  }
  const leave = async (reason: string) => {
    leaving.abort()
    if (delayMs > 0) await sleep(delayMs, forcing.signal)
    await stop(reason)
  }

  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(
      name,
      createStopHandler(() => void leave(name), forcing),
    )
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, err => {
      if (isLostSocketError(err)) return log.warn({ err, event }, 'socket_error_unhandled')
      // A start that is stopped is refused by what has been closed already.
      if (controller.signal.aborted) return log.warn({ err, event }, 'error_while_stopping')
      log.fatal({ err, event }, 'process_crashed')
      void stop(event, 1)
    })
  }
  if (options.parentPid !== undefined) watchParent(options.parentPid, () => void stop('the launcher is gone', 1))

  return {
    leaving: leaving.signal,
    stopping: controller.signal,
    forced: forcing.signal,
    onClose: (name, close, deadlineMs = CLOSE_MS) => void closers.push({ name, close, deadlineMs }),
    stop,
  }
}

/** Errors of a connection that is reset while it is being opened or closed. */
const SOCKET_ERROR_CODES = ['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ETIMEDOUT']

/**
 * Returns whether an error was emitted by a socket without a listener: no frame of its stack is ours or a driver's. The bus's driver
 * removes its listeners for a moment while it connects, and opens the connection again when it is gone.
 */
function isLostSocketError(error: unknown): boolean {
  if (!(error instanceof Error) || !SOCKET_ERROR_CODES.includes(readErrorCode(error) ?? '')) return false
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line))
  return frames.every(frame => frame.includes('node:net'))
}

function createStopHandler(stop: () => void, forcing: AbortController): () => void {
  let firstAt: number | undefined
  return () => {
    const now = performance.now()
    if (firstAt !== undefined && now - firstAt > DEBOUNCE_MS) forcing.abort(new Error('stopping at once'))
    firstAt ??= now
    stop()
  }
}

async function closeOne(closer: { name: string; close: () => unknown; deadlineMs: number }, log: Log): Promise<void> {
  const closing = Promise.resolve().then(closer.close)
  await withDeadline(closing, { milliseconds: closer.deadlineMs, operation: `closing ${closer.name}` }).catch(err =>
    log.warn({ err, resource: closer.name }, 'close_failed'),
  )
}

function watchParent(pid: number, onExit: () => void): void {
  const timer = setInterval(() => {
    try {
      process.kill(pid, 0)
    } catch {
      clearInterval(timer)
      onExit()
    }
  }, PARENT_CHECK_MS)
  timer.unref()
}
