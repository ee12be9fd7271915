import type { ChildProcess } from './child-process.ts'
import { waitUntil } from './wait-until.ts'

/** A server that runs in a process of its own and is reached by a URL: Postgres, NATS. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  readonly child: ChildProcess
  /** Stops it in order, and kills it after a few seconds. Resolves when it is gone. */
  stop(): Promise<void>
  /** Sends SIGKILL, like a power cut. Resolves when it is gone. */
  kill(): Promise<void>
}

/** @param stopMs time that it may take to stop in order, in milliseconds, before it is killed */
export function toServerProcess(child: ChildProcess, url: string, stopMs: number): ServerProcess {
  const kill = async () => {
    child.kill()
    await child.exited
  }
  return { url, pid: child.pid, child, stop: () => child.stop(stopMs), kill }
}

/** Failure of a start, with a message for users. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/**
 * Waits until a new process is ready, and stops it if it is not ready in time.
 *
 * @param options `poll` returns undefined for "not yet"; `name` is shown to users
 * @throws StartError with the process' last lines if it exits first or is not ready in time; the signal's reason when aborted
 */
export async function waitUntilReady<T>(
  child: ChildProcess,
  options: {
    name: string
    poll: (signal: AbortSignal) => Promise<T | undefined>
    milliseconds: number
    signal: AbortSignal
  },
): Promise<T> {
  const { name, milliseconds, signal } = options
  try {
    return await waitUntil(
      async ended => {
        if (!child.isRunning()) throw new StartError(`${name} stopped while it started (${await child.exited})`)
        return await options.poll(ended)
      },
      { what: `An answer from ${name}`, milliseconds, signal },
    )
  } catch (error) {
    await child.stop(2_000)
    signal.throwIfAborted()
    throw new StartError([formatReason(error), ...(await child.lastLines())].join('\n'), { cause: error })
  }
}

function formatReason(error: unknown): string {
  return error instanceof Error ? `${error.message}.` : String(error)
}
