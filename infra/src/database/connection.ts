import postgres from 'postgres'
import type { Log } from '../log.ts'
import { backoff, withDeadline } from '../runtime/timers.ts'

type Types = { bigint: number }
export type Database = postgres.Sql<Types>
export type Transaction = postgres.TransactionSql<Types>
/** Whatever a statement can be run on. */
export type Queryable = Database | Transaction

const STATEMENT_MS = 10_000
/** Time limit of a transaction, in ms, on the server and in `transaction`. */
export const TRANSACTION_MS = 15_000
const RECONNECT_MS = { base: 100, most: 1_000 }

/**
 * Opens the pool of connections. Every statement has a time limit on the server; a server that answers nothing at all is
 * caught by the deadlines of `transaction` and of the readiness check, because the driver has no limit of its own.
 *
 * @param options `connections` at most; `name` shows in `pg_stat_activity`
 */
export function openDatabase(options: { url: string; name: string; connections?: number; log: Log }): Database {
  return postgres(options.url, {
    max: options.connections ?? 10,
    connect_timeout: 5,
    // The driver's own waits grow to 20 s: a database that starts again would be away for people that much longer.
    backoff: retries => backoff(retries, RECONNECT_MS) / 1_000,
    idle_timeout: 60,
    // Notices carry row values.
    onnotice: notice => options.log.debug({ code: notice.code }, 'database notice'),
    connection: {
      application_name: options.name,
      statement_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: TRANSACTION_MS,
      lock_timeout: 5_000,
    },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  })
}

/** Throws if the database does not answer within half a second. */
export async function pingDatabase(database: Database, signal?: AbortSignal): Promise<void> {
  await withDeadline(Promise.resolve(database`select 1`), { milliseconds: 500, operation: 'the database', signal })
}
