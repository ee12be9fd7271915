import { DeadlineError, sleep } from '../../src/runtime/timers.ts'

export interface UntilOptions {
  /** Words for the error: what it was that did not come. */
  what: string
  milliseconds: number
  signal: AbortSignal
  /** Pause between two questions, in milliseconds. */
  every?: number
}

/**
 * Asks again and again until there is an answer.
 *
 * @param ask gives undefined for "not yet"; what it throws ends the wait
 * @throws DeadlineError when the time is up; the signal's reason when it is aborted
 */
export async function until<T>(
  ask: (signal: AbortSignal) => Promise<T | undefined>,
  { what, milliseconds, signal, every = 25 }: UntilOptions,
): Promise<T> {
  const late = AbortSignal.timeout(milliseconds)
  const ended = AbortSignal.any([signal, late])
  while (!ended.aborted) {
    const answer = await ask(ended)
    if (answer !== undefined) return answer
    await sleep(every, ended)
  }
  signal.throwIfAborted()
  throw new DeadlineError(`${what} did not come within ${milliseconds / 1000} s`)
}
