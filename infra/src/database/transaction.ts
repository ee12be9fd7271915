import { withDeadline } from '../runtime/timers.ts'
import { type Database, TRANSACTION_MS, type Transaction } from './connection.ts'

/**
 * Runs `work` in one transaction: all of it happens, or none.
 *
 * @param options `milliseconds` it may take, 15 s unless said; more needs other limits on the server as well
 * @throws DeadlineError if it takes longer; whatever `work` throws
 */
export async function transaction<T>(
  database: Database,
  work: (tx: Transaction) => Promise<T>,
  { milliseconds = TRANSACTION_MS, signal }: { milliseconds?: number; signal?: AbortSignal } = {},
): Promise<T> {
  const begun = database.begin(tx => work(tx)) as Promise<T>
  return await withDeadline(begun, { milliseconds, operation: 'a transaction', signal })
}
