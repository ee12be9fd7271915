import { retry } from '../../runtime/retry.ts'
import type { RetryPolicy } from '../../runtime/retry-policies.ts'
import { StoreError } from '../store.ts'
import { isRetryable, toStoreError } from './errors.ts'

export interface RequestLimits {
  retryPolicy: RetryPolicy
  /** Time limit of one try, in milliseconds. All tries and pauses together may take twice as long. */
  tryTimeoutMs: number
  /** Slowest acceptable upload, in bytes per millisecond: the time limits grow with the size of the body. */
  minBytesPerMs: number
  /** Longest silence in the middle of a response's body, in milliseconds. */
  idleTimeoutMs: number
}

export interface RequestOptions extends Partial<RequestLimits> {
  signal?: AbortSignal | undefined
  /** Size of the request's body. */
  bytes?: number | undefined
}

const TOTAL_TIMEOUT_FACTOR = 2

/**
 * Runs `attempt` until it succeeds, fails permanently, or the tries or the time are used up. The SDK's own retries are off, so
 * this is the only layer that retries a request. `attempt` must be idempotent.
 *
 * @throws StoreError, or the reason of the caller's signal
 */
export async function retryRequest<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { signal, bytes = 0, tryTimeoutMs, minBytesPerMs, retryPolicy: policy }: RequestLimits & RequestOptions,
): Promise<T> {
  const milliseconds = tryTimeoutMs + bytes / minBytesPerMs
  return await withTimeout(signal, milliseconds * TOTAL_TIMEOUT_FACTOR, async totalSignal => {
    const attemptInTime = async (trySignal: AbortSignal) => await withTimeout(trySignal, milliseconds, attempt)
    return await retry(attemptInTime, { policy, signal: totalSignal, isRetryable }).catch(error => {
      throw toStoreError(error)
    })
  })
}

/**
 * Runs `work` under a signal that is aborted after some time, or with `outer`.
 *
 * @throws the reason of the abort, once there is one, whatever `work` threw in its course; else what `work` throws
 */
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
    controller.signal.throwIfAborted()
    throw error
  } finally {
    // The limit covers the response's headers only: its body may take longer to read.
    clearTimeout(timer)
    outer?.removeEventListener('abort', onAbort)
  }
}
