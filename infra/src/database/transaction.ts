import { DeadlineError, withDeadline } from '../runtime/timers.ts'
import { type Database, TRANSACTION_MS, type Transaction } from './connection.ts'

/**
 * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects. When it resolves, the database has
 * confirmed the commit. After the deadline the connection is closed, so that a late commit is not sent any more.
 *
 * @param options `milliseconds`: deadline of the transaction, 15 s unless given; a longer one needs other limits on the server as well.
 *   `idleMs`: time after which the server ends it while it waits for the next statement, 15 s unless given
 * @throws DeadlineError after the deadline; the error of `work`; an error with the code `TRANSACTION_ROLLED_BACK` if the server
 *   answers the commit with a rollback
 */
export async function transaction<T>(
  database: Database,
  work: (tx: Transaction) => Promise<T>,
  {
    milliseconds = TRANSACTION_MS,
    idleMs,
    signal,
  }: { milliseconds?: number; idleMs?: number; signal?: AbortSignal } = {},
): Promise<T> {
  const state: TransactionState = { tx: undefined, isEnded: false, isLate: false }
  const limitedWork = async (tx: Transaction) => {
    if (idleMs !== undefined)
      await tx`select set_config('idle_in_transaction_session_timeout', ${String(idleMs)}, true)`
    return await work(tx)
  }
  const begun = beginTransaction(database, limitedWork, state)
  try {
    return await withDeadline(begun, { milliseconds, operation: 'a transaction', signal })
  } catch (error) {
    state.isLate = error instanceof DeadlineError && !state.isEnded
    if (state.isLate) closeConnection(state.tx)
    throw error
  }
}

interface TransactionState {
  tx: Transaction | undefined
  /** The database has answered its end, or its connection is closed. */
  isEnded: boolean
  isLate: boolean
}

async function beginTransaction<T>(
  database: Database,
  work: (tx: Transaction) => Promise<T>,
  state: TransactionState,
): Promise<T> {
  const assertInTime = () => {
    if (state.isLate) throw new DeadlineError('a transaction is later than its deadline')
  }
  try {
    const begun = database.begin(async tx => {
      assertInTime()
      state.tx = tx
      const result = await work(tx)
      assertInTime()
      return result
    })
    return (await begun) as T
  } finally {
    state.isEnded = true
  }
}

/** Closes the connection of a transaction that is not over, which ends it. The patched driver has the function. */
function closeConnection(tx: (Transaction & { abandon?(): void }) | undefined): void {
  tx?.abandon?.()
}
