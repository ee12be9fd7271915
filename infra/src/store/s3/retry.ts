import { backoff, sleep } from '../../runtime/timers.ts'
import { StoreError } from '../store.ts'
import { isRetryable, toStoreError } from './errors.ts'

export interface RequestLimits {
  /** How often something is asked for at most. */
  tries: number
  /** How long one try may take, in milliseconds, and everything together twice that. */
  tryTimeoutMs: number
  /** Slowest transfer that is waited for: what is big may take longer. */
  minBytesPerMs: number
  /** Longest silence in the middle of an answer, in milliseconds. */
  idleTimeoutMs: number
  /** Between two tries, in milliseconds. */
  backoffOptions: { base: number; most: number }
}

export interface RequestOptions extends Partial<RequestLimits> {
  signal?: AbortSignal | undefined
  /** How much goes to the server. */
  bytes?: number | undefined
}

const TOTAL_TIMEOUT_FACTOR = 2

/**
 * Tries until it works, it cannot work, or the time is up; with pauses of full jitter, so that many who were turned away at
 * once do not come back at once. This is the one layer that tries again; whatever is tried must bear to be done twice.
 *
 * @throws StoreError, or the reason of the caller's signal
 * @see https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export async function retry<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  options: RequestLimits & RequestOptions,
): Promise<T> {
  const { signal, bytes = 0, tries: maxTries, tryTimeoutMs, minBytesPerMs, backoffOptions } = options
  const milliseconds = tryTimeoutMs + bytes / minBytesPerMs
  return await withTimeout(signal, milliseconds * TOTAL_TIMEOUT_FACTOR, async totalSignal => {
    for (let tries = 1; ; tries++) {
      try {
        return await withTimeout(totalSignal, milliseconds, attempt)
      } catch (error) {
        signal?.throwIfAborted()
        if (totalSignal.aborted || tries === maxTries || !isRetryable(error)) throw toStoreError(error)
        await sleep(backoff(tries - 1, backoffOptions), totalSignal)
      }
    }
  })
}

/** Does something under a signal that is aborted after some time, or with `outer`. */
async function withTimeout<T>(
  outer: AbortSignal | undefined,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted()
  const controller = new AbortController()
  const onAbort = () => controller.abort(outer?.reason)
  const onTimeout = () => controller.abort(new StoreError('the object store did not answer in time'))
  const timer = setTimeout(onTimeout, milliseconds)
  outer?.addEventListener('abort', onAbort, { once: true })
  try {
    return await work(controller.signal)
  } catch (error) {
    // Whatever became of it then, this is why.
    controller.signal.throwIfAborted()
    throw error
  } finally {
    // An answer's body may be read for longer than it took to begin.
    clearTimeout(timer)
    outer?.removeEventListener('abort', onAbort)
  }
}
