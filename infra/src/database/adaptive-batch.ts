import { type RetryOptions, retry } from '../runtime/retry.ts'
import { RETRY_POLICIES } from '../runtime/retry-policies.ts'
import type { Database, Transaction } from './connection.ts'
import { isTransientDbError } from './errors.ts'
import { transaction } from './transaction.ts'

/** Transactions of bulk work, whose size adapts to how busy the machine is. */
export interface AdaptiveBatches {
  /**
   * Runs one batch in a transaction. After a transient error it is run again with half the size, so `work` must be idempotent: where a
   * connection broke in the middle of a commit, the batch may have been written.
   *
   * @throws the error of `work`, or of the last try; the signal's reason once it is aborted
   */
  run<T>(work: (tx: Transaction, size: number) => Promise<T>): Promise<T>
  /** Returns the size of the next batch. */
  size(): number
}

export interface AdaptiveOptions {
  /** Size of the first batch and of the largest. */
  maxSize: number
  signal: AbortSignal
  /** Called before a batch is run again with half the size. */
  onRetry?: (error: unknown, size: number) => void
  policy?: RetryOptions['policy']
  /** A clock in ms that never goes back. */
  now?: () => number
}

/** A batch that takes longer is halved, one that takes less than a quarter of it grows. */
const TARGET_MS = 3_000
/** Time limits of a batch on the server. They end it before the deadline of the transaction, so that its outcome is known. */
const SERVER_MS = 60_000
const TRANSACTION_MS = 150_000

export function createAdaptiveBatches(database: Database, options: AdaptiveOptions): AdaptiveBatches {
  const { maxSize, signal, onRetry, policy = RETRY_POLICIES.bulkBatch, now = () => performance.now() } = options
  let size = maxSize
  const halve = () => {
    size = Math.max(1, Math.floor(size / 2))
  }
  const runOnce = async <T>(work: (tx: Transaction, size: number) => Promise<T>): Promise<T> => {
    const [startedAt, startedWith] = [now(), size]
    const result = await bulkTransaction(database, tx => work(tx, startedWith), signal)
    const took = now() - startedAt
    if (took > TARGET_MS) halve()
    else if (took < TARGET_MS / 4) size = Math.min(maxSize, Math.ceil(size * 1.5))
    return result
  }
  return {
    size: () => size,
    run: async work =>
      await retry(() => runOnce(work), {
        policy,
        signal,
        isRetryable: isTransientDbError,
        onRetry: error => {
          halve()
          onRetry?.(error, size)
        },
      }),
  }
}

async function bulkTransaction<T>(
  database: Database,
  work: (tx: Transaction) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const withLimits = async (tx: Transaction) => {
    await tx`
      select set_config('statement_timeout', ${String(SERVER_MS)}, true),
             set_config('idle_in_transaction_session_timeout', ${String(SERVER_MS)}, true)`
    return await work(tx)
  }
  return await transaction(database, withLimits, { milliseconds: TRANSACTION_MS, signal })
}
