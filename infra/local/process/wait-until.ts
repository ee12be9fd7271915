import { DeadlineError, sleep } from '../../src/runtime/timers.ts'

export interface WaitUntilOptions {
  /** Subject of the error message: "`what` did not come within 5 s". */
  what: string
  milliseconds: number
  signal: AbortSignal
  /** Time between two polls, in milliseconds. */
  intervalMs?: number
}

/**
 * Polls until there is a value.
 *
 * @param poll returns undefined for "not yet"; an error ends the wait
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
