import { backoff, sleep } from '../../runtime/timers.ts'
import { StoreError } from '../store.ts'
import { isWorthAnotherTry, storeError } from './errors.ts'

export interface Limits {
  /** How often something is asked for at most. */
  tries: number
  /** How long one try may take, in milliseconds, and everything together twice that. */
  tryMs: number
  /** Slowest transfer that is waited for: what is big may take longer. */
  bytesPerMs: number
  /** Longest silence in the middle of an answer, in milliseconds. */
  stallMs: number
  /** Between two tries, in milliseconds. */
  pause: { base: number; most: number }
}

export interface AskOptions extends Partial<Limits> {
  signal?: AbortSignal | undefined
  /** How much goes to the server. */
  bytes?: number | undefined
}

const TRIES_OF_TIME = 2

/**
 * Tries until it works, it cannot work, or the time is up; with pauses of full jitter, so that many who were turned away at
 * once do not come back at once. This is the one layer that tries again; whatever is tried must bear to be done twice.
 *
 * @throws StoreError, or the reason of the caller's signal
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export async function insist<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  options: Limits & AskOptions,
): Promise<T> {
  const { signal, bytes = 0, tries: most, tryMs, bytesPerMs, pause } = options
  const milliseconds = tryMs + bytes / bytesPerMs
  return await withinTime(signal, milliseconds * TRIES_OF_TIME, async within => {
    for (let tries = 1; ; tries++) {
      try {
        return await withinTime(within, milliseconds, attempt)
      } catch (error) {
        signal?.throwIfAborted()
        if (within.aborted || tries === most || !isWorthAnotherTry(error)) throw storeError(error)
        await sleep(backoff(tries - 1, pause), within)
      }
    }
  })
}

/** Does something under a signal that is aborted after some time, or with `outer`. */
async function withinTime<T>(
  outer: AbortSignal | undefined,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted()
  const controller = new AbortController()
  const stop = () => controller.abort(outer?.reason)
  const late = () => controller.abort(new StoreError('the object store did not answer in time'))
  const timer = setTimeout(late, milliseconds)
  outer?.addEventListener('abort', stop, { once: true })
  try {
    return await work(controller.signal)
  } catch (error) {
    // Whatever became of it then, this is why.
    controller.signal.throwIfAborted()
    throw error
  } finally {
    // An answer's body may be read for longer than it took to begin.
    clearTimeout(timer)
    outer?.removeEventListener('abort', stop)
  }
}
