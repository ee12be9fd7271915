import type { ChildProcess } from './child-process.ts'
import { waitUntil } from './wait-until.ts'

/** A part of the studio that runs in a process of its own and that others reach by an address. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  readonly child: ChildProcess
  /** Stops it in order. Resolves when it is gone, at the latest a few seconds later. */
  stop(): Promise<void>
  /** SIGKILL, as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>
}

/** @param stopMs how long it may take to stop in order, before it is killed */
export function toServerProcess(child: ChildProcess, url: string, stopMs: number): ServerProcess {
  const kill = async () => {
    child.kill()
    await child.exited
  }
  return { url, pid: child.pid, child, stop: () => child.stop(stopMs), kill }
}

/** A part that could not be started, in words for a person. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/**
 * Waits until a process that was just started answers. One that does not is stopped.
 *
 * @param options `ask` gives undefined for "not yet"; `name` as a person knows it
 * @throws PartError with the process' last lines if it ends first, or is not ready in time
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
