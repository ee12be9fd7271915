import { withDeadline } from '../runtime/timers.ts'
import { type Database, TRANSACTION_MS, type Transaction } from './connection.ts'

/**
 * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects.
 *
 * @param options `milliseconds`: deadline of the transaction, 15 s unless given; a longer one needs other limits on the server as well
 * @throws DeadlineError after the deadline; the error of `work`
 */
export async function transaction<T>(
  database: Database,
  work: (tx: Transaction) => Promise<T>,
  { milliseconds = TRANSACTION_MS, signal }: { milliseconds?: number; signal?: AbortSignal } = {},
): Promise<T> {
  const begun = database.begin(tx => work(tx)) as Promise<T>
  return await withDeadline(begun, { milliseconds, operation: 'a transaction', signal })
}
