import type { Child } from './child-process.ts'
import { until } from './wait-until.ts'

/** A part of the studio that runs in a process of its own and that others reach by an address. */
export interface Part {
  readonly url: string
  readonly pid: number
  readonly child: Child
  /** Stops it in order. Resolves when it is gone, at the latest a few seconds later. */
  stop(): Promise<void>
  /** SIGKILL, as a power cut would. Resolves when it is gone. */
  kill(): Promise<void>
}

/** @param stopMs how long it may take to stop in order, before it is killed */
export function asPart(child: Child, url: string, stopMs: number): Part {
  const kill = async () => {
    child.kill()
    await child.exited
  }
  return { url, pid: child.pid, child, stop: () => child.stop(stopMs), kill }
}

/** A part that could not be started, in words for a person. */
export class PartError extends Error {
  override readonly name = 'PartError'
}

/**
 * Waits until a process that was just started answers. One that does not is stopped.
 *
 * @param options `ask` gives undefined for "not yet"; `name` as a person knows it
 * @throws PartError with the process' last lines if it ends first, or is not ready in time
 */
export async function ready<T>(
  child: Child,
  options: {
    name: string
    ask: (signal: AbortSignal) => Promise<T | undefined>
    milliseconds: number
    signal: AbortSignal
  },
): Promise<T> {
  const { name, milliseconds, signal } = options
  try {
    return await until(
      async ended => {
        if (!child.running()) throw new PartError(`${name} stopped while it started (${await child.exited})`)
        return await options.ask(ended)
      },
      { what: `An answer from ${name}`, milliseconds, signal },
    )
  } catch (error) {
    await child.stop(2_000)
    signal.throwIfAborted()
    throw new PartError([reason(error), ...(await child.lastLines())].join('\n'), { cause: error })
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? `${error.message}.` : String(error)
}
