import { openDatabase, type Transaction } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'

/** Statements that read or write whole tables run as long as it takes; bytes that do not come are noticed on this side. */
const SETTINGS = {
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '30min',
  lock_timeout: '30s',
  // The text of COPY depends on these; its hash is compared.
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
}

/**
 * Runs `work` in one transaction on a connection of its own, without the time limits of the services. An error of `work`, or an
 * abort, closes the connection: a COPY that was left in its middle would block the rollback.
 */
export async function runBulkTransaction<T>(
  { url, mode, signal }: { url: string; mode: 'repeatable read read only' | 'read committed'; signal: AbortSignal },
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const log = createLog({ service: 'backup', level: 'silent' })
  const database = openDatabase({ url, name: 'darkroom-backup', connections: 1, log })
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const begun = database.begin(`isolation level ${mode}`, async tx => {
    try {
      await tx`select set_config(name, value, true) from jsonb_each_text(${tx.json(SETTINGS)}) as setting (name, value)`
      return await work(tx)
    } catch (error) {
      failed.reject(error)
      throw error
    }
  }) as Promise<T>
  begun.catch(() => {})
  const abort = () => failed.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([begun, failed.promise])
  } finally {
    signal.removeEventListener('abort', abort)
    await database.end({ timeout: 0 })
  }
}
