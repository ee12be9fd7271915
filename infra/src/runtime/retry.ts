import { type RetryPolicy, retryDelay } from './retry-policies.ts'
import { sleep } from './timers.ts'

export interface RetryOptions {
  policy: RetryPolicy
  /** Ends the pause between two tries, and is passed to each try. */
  signal: AbortSignal
  /** Whether another try can succeed. Absent: every error is retried. */
  isRetryable?: (error: unknown) => boolean
  /** Called before each pause with the error and the number of failures so far (from 1), for the log. */
  onRetry?: (error: unknown, failures: number) => void
}

/**
 * Runs `work` until it succeeds. `work` must be idempotent.
 *
 * @throws the signal's reason once it is aborted; else the error of the last try, when the policy's tries are used up or
 *   `isRetryable` says no
 */
export async function retry<T>(work: (signal: AbortSignal) => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, signal, isRetryable = () => true, onRetry } = options
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted()
    try {
      return await work(signal)
    } catch (error) {
      signal.throwIfAborted()
      if (failures === policy.tries || !isRetryable(error)) throw error
      onRetry?.(error, failures)
      await sleep(retryDelay(policy, failures), signal)
    }
  }
}
