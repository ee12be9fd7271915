import postgres from 'postgres'
import type { Log } from '../log.ts'
import { readErrorCode } from '../runtime/error-code.ts'
import { retry } from '../runtime/retry.ts'
import { RETRY_POLICIES, type RetryPolicy, retryDelay } from '../runtime/retry-policies.ts'
import { DeadlineError, withDeadline } from '../runtime/timers.ts'

type Types = { bigint: number }
export type Database = postgres.Sql<Types>
export type Transaction = postgres.TransactionSql<Types>
/** A pool or a transaction: anything that runs statements. */
export type Queryable = Database | Transaction

const STATEMENT_MS = 10_000
/** Time limit of a transaction, in ms, on the server and in `transaction`. */
export const TRANSACTION_MS = 15_000

/**
 * Opens a connection pool. Every statement has a time limit on the server. Where the server does not respond at all, a statement
 * outside a transaction, or the wait for a connection, fails with `QUERY_TIMEOUT` 2 s after that limit, and its connection is closed;
 * a transaction has the deadline of `transaction`.
 *
 * The patched driver recognizes a pooler: it assigns the client a process id that is not the one of the session. Behind one it
 * prepares no statement, sends one statement at a time, and sets the limits at the start of each transaction, because two statements
 * may reach two sessions.
 *
 * @param options `connections`: the size of the pool, 10 unless given; `name`: the application name in `pg_stat_activity`;
 *   `statementMs`: time limit of a statement, in ms, 10 s unless given; 0 for none; `plans`: `custom`, each statement is planned for its
 *   values; `generic`, once for any values, for statements that read by a key or in the order of an index; the server decides unless given. A generic plan of others is one for a large workspace, and may read the rows of all, so
 *   that its time shows that there are others
 */
export function openDatabase(options: {
  url: string
  name: string
  connections?: number
  statementMs?: number
  plans?: 'custom' | 'generic'
  log: Log
}): Database {
  return postgres(options.url, {
    max: options.connections ?? 10,
    connect_timeout: 5,
    backoff: retries => retryDelay(RETRY_POLICIES.databaseReconnect, retries + 1) / 1_000,
    idle_timeout: 60,
    // The code only: the text of a notice contains row values.
    onnotice: notice => options.log.debug({ code: notice.code }, 'database_notice'),
    connection: {
      application_name: options.name,
      statement_timeout: options.statementMs ?? STATEMENT_MS,
      idle_in_transaction_session_timeout: TRANSACTION_MS,
      lock_timeout: 5_000,
      // The only one of its kind: a pooler refuses a connection for each setting that it was not told to ignore.
      ...(options.plans ? { plan_cache_mode: `force_${options.plans}_plan` } : {}),
    },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  })
}

/** A connection of its own for the notifications of one channel. */
export interface Listener {
  /** Begins to listen; later calls only check that the connection still responds. */
  listen(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a connection for notifications. The driver's own `listen` cannot be checked: a connection that was cut in silence looks
 * like one without notifications.
 *
 * @param options `onClose` is called when the connection is lost
 */
export function openListener(options: {
  url: string
  name: string
  channel: string
  onNotification: (payload: string) => void
  onClose: () => void
}): Listener {
  const { url, name, channel, onNotification, onClose } = options
  const settings = {
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    max_lifetime: null,
    connection: { application_name: name },
    // The type of the options lacks it: the driver's `listen` stands on it.
    onnotify: (_: string, payload: string) => onNotification(payload),
    onclose: onClose,
  }
  const connection = postgres(url, settings)
  return {
    listen: async () => {
      await connection`listen ${connection(channel)}`
    },
    close: async () => {
      await connection.end({ timeout: 0 }).catch(() => {})
    },
  }
}

/** Returns whether there is a pooler before the database. Known once there was a connection. */
export function isPooled(database: Database): boolean {
  const { shared } = database.options as typeof database.options & { shared?: { pooled?: boolean } }
  return shared?.pooled === true
}

type PatchedOptions = Database['options'] & { shared?: { received?: number } }

/** Returns whether the server has answered a statement of a pool since a time, in ms as of `performance.now()`. */
export function hasReceivedSince(database: Database, at: number): boolean {
  const { shared } = database.options as PatchedOptions
  return (shared?.received ?? 0) > at
}

/**
 * Closes the connections of a pool that have received nothing for some time, also those that are being opened: after a network has
 * swallowed packets they may be dead without a word. Statements that wait for them fail; the pool opens others when it needs them.
 */
export function closeSilentConnections(
  database: Database & { abandon?(milliseconds: number): void },
  milliseconds: number,
): void {
  database.abandon?.(milliseconds)
}

/**
 * Checks that the database responds.
 *
 * @param options `milliseconds`: half a second unless given, as long as a health check may take
 * @throws DeadlineError after that time; the error of the connection
 */
export async function pingDatabase(
  database: Database,
  { signal, milliseconds = 500 }: { signal?: AbortSignal; milliseconds?: number } = {},
): Promise<void> {
  await withDeadline(Promise.resolve(database`select 1`), { milliseconds, operation: 'the database', signal })
}

/** Time in which a database on a busy machine answers, in ms. */
const START_PING_MS = 5_000

/**
 * Waits until the database responds. One that is busy or starting is given time; one that is not there is not waited for.
 *
 * @param options `onRetry` is called before each further try
 * @throws DeadlineError; the error of the connection
 */
export async function waitUntilResponsive(
  database: Database,
  options: { signal: AbortSignal; onRetry?: (error: unknown) => void; milliseconds?: number; policy?: RetryPolicy },
): Promise<void> {
  const { signal, onRetry, milliseconds = START_PING_MS, policy = RETRY_POLICIES.commandStart } = options
  await retry(() => pingDatabase(database, { signal, milliseconds }), {
    policy,
    signal,
    isRetryable: error => error instanceof DeadlineError || isStarting(error),
    onRetry: error => onRetry?.(error),
  })
}

/** Returns whether the server is there and accepts no connections yet. */
function isStarting(error: unknown): boolean {
  return readErrorCode(error)?.startsWith('57P') ?? false
}
