import postgres from 'postgres'
import type { Log } from '../log.ts'
import { RETRY_POLICIES, retryDelay } from '../runtime/retry-policies.ts'
import { withDeadline } from '../runtime/timers.ts'

type Types = { bigint: number }
export type Database = postgres.Sql<Types>
export type Transaction = postgres.TransactionSql<Types>
/** A pool or a transaction: anything that runs statements. */
export type Queryable = Database | Transaction

const STATEMENT_MS = 10_000
/** Time limit of a transaction, in ms, on the server and in `transaction`. */
export const TRANSACTION_MS = 15_000

/**
 * Opens a connection pool. Every statement has a time limit on the server. A server that does not respond at all is caught by the
 * deadlines of `transaction` and `pingDatabase`: the driver has no limit of its own.
 *
 * @param options `connections`: the size of the pool, 10 unless given; `name`: the application name in `pg_stat_activity`
 */
export function openDatabase(options: { url: string; name: string; connections?: number; log: Log }): Database {
  return postgres(options.url, {
    max: options.connections ?? 10,
    connect_timeout: 5,
    backoff: retries => retryDelay(RETRY_POLICIES.databaseReconnect, retries + 1) / 1_000,
    idle_timeout: 60,
    // The code only: the text of a notice contains row values.
    onnotice: notice => options.log.debug({ code: notice.code }, 'database_notice'),
    connection: {
      application_name: options.name,
      statement_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: TRANSACTION_MS,
      lock_timeout: 5_000,
    },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  })
}

/** Checks that the database responds. @throws DeadlineError after half a second; the error of the connection */
export async function pingDatabase(database: Database, signal?: AbortSignal): Promise<void> {
  await withDeadline(Promise.resolve(database`select 1`), { milliseconds: 500, operation: 'the database', signal })
}
