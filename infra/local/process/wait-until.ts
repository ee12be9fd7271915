import { DeadlineError, sleep } from '../../src/runtime/timers.ts'

export interface WaitUntilOptions {
  /** Words for the error: what it was that did not come. */
  what: string
  milliseconds: number
  signal: AbortSignal
  /** Pause between two questions, in milliseconds. */
  intervalMs?: number
}

/**
 * Asks again and again until there is an answer.
 *
 * @param poll gives undefined for "not yet"; what it throws ends the wait
 * @throws DeadlineError when the time is up; the signal's reason when it is aborted
 */
export async function waitUntil<T>(
  poll: (signal: AbortSignal) => Promise<T | undefined>,
  { what, milliseconds, signal, intervalMs = 25 }: WaitUntilOptions,
): Promise<T> {
  const timeout = AbortSignal.timeout(milliseconds)
  const ended = AbortSignal.any([signal, timeout])
  while (!ended.aborted) {
    const value = await poll(ended)
    if (value !== undefined) return value
    await sleep(intervalMs, ended)
  }
  signal.throwIfAborted()
  throw new DeadlineError(`${what} did not come within ${milliseconds / 1000} s`)
}
