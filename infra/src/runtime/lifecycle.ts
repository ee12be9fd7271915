import type { Log } from '../log.ts'
import { withDeadline } from './timers.ts'

/** A process that can be asked to stop, and what must be closed when it does. */
export interface Lifecycle {
  /** Aborted when the process is to stop. */
  stopping: AbortSignal
  /** Has `close` called on stopping; what was opened last is closed first. */
  onClose(name: string, close: () => unknown, deadlineMs?: number): void
  /** Stops the process: closes everything and exits. */
  stop(reason: string, exitCode?: number): Promise<void>
}

const CLOSE_MS = 5_000
const PARENT_CHECK_MS = 1_000

/**
 * Owns the end of a process. It stops on SIGTERM and SIGINT, on an error that nobody caught, and when the process that
 * started it is gone. Each thing has a time limit to close in, so that one that hangs cannot keep the rest.
 *
 * @param options `parentPid` is watched if given
 */
export function createLifecycle(options: { log: Log; parentPid?: number | undefined }): Lifecycle {
  const { log } = options
  const controller = new AbortController()
  const closers: { name: string; close: () => unknown; deadlineMs: number }[] = []
  let stopped: Promise<void> | undefined

  const closeAll = async (reason: string, exitCode: number) => {
    log.info({ reason }, 'stopping')
    controller.abort(new Error(`stopping: ${reason}`))
    for (const closer of closers.reverse()) await closeOne(closer, log)
    log.info('stopped')
    process.exit(exitCode)
  }
  const stop = (reason: string, exitCode = 0) => {
    stopped ??= closeAll(reason, exitCode)
    return stopped
  }

  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, err => {
      log.fatal({ err }, event)
      void stop(event, 1)
    })
  }
  if (options.parentPid !== undefined) watchParent(options.parentPid, () => void stop('the launcher is gone', 1))

  return {
    stopping: controller.signal,
    onClose: (name, close, deadlineMs = CLOSE_MS) => void closers.push({ name, close, deadlineMs }),
    stop,
  }
}

async function closeOne(closer: { name: string; close: () => unknown; deadlineMs: number }, log: Log): Promise<void> {
  const closing = Promise.resolve().then(closer.close)
  await withDeadline(closing, { milliseconds: closer.deadlineMs, operation: `closing ${closer.name}` }).catch(err =>
    log.warn({ err }, `${closer.name} did not close well`),
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
