import postgres from 'postgres'
import { readErrorCode } from '../runtime/error-code.ts'
import { withDeadline } from '../runtime/timers.ts'

/** A row of another database: every column is text, as that database writes it. */
export type ForeignRow = Record<string, string | null>

/** One read-only transaction of another database. */
export interface ForeignDatabase extends AsyncDisposable {
  /** @throws ForeignDatabaseError; DeadlineError */
  query(text: string, parameters?: readonly string[]): Promise<ForeignRow[]>
  /**
   * Runs a statement that may fail because of one row; the transaction goes on after that.
   *
   * @throws ForeignDatabaseError; DeadlineError
   */
  tryQuery(text: string, parameters?: readonly string[]): Promise<ForeignRow[]>
}

/** Another database cannot be reached, or refused a statement. The message contains neither the address nor the password. */
export class ForeignDatabaseError extends Error {
  override readonly name = 'ForeignDatabaseError'
  /** SQLSTATE, or the code of the driver or the operating system. */
  readonly code: string

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Address of another database, without the parameters that only its own programs understand. */
export interface ForeignAddress {
  url: string
  /** Host of the socket's folder, if it is not in the URL itself. */
  host: string | null
  ssl: string | false
  /** Schema that Prisma names in the address. */
  schema: string | null
}

const CONNECT_SECONDS = 15
/** Sorting the keys of a large table takes minutes on a small server. */
const STATEMENT_MS = 600_000
/** Time beyond that after which a server that does not answer is given up. */
const SILENCE_MS = 30_000

const SSL_MODES: Readonly<Record<string, string | false>> = {
  disable: false,
  allow: 'allow',
  prefer: 'prefer',
  require: 'require',
  'no-verify': 'require',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
}
/** Parameters that servers understand. Those of Prisma and of libpq would be refused as unknown settings. */
const SERVER_PARAMETERS = ['options']

/**
 * Parses the address of a Postgres database, as libpq and Prisma write it.
 *
 * @throws ForeignDatabaseError if it is none; the message does not repeat it, because it contains a password
 */
export function parseForeignAddress(address: string): ForeignAddress {
  if (!URL.canParse(address) || !/^postgres(ql)?:\/\//i.test(address))
    throw new ForeignDatabaseError('the address is not that of a Postgres database, as postgres://…', 'bad-address')
  const url = new URL(address)
  if (url.hash !== '' || !isDecodable(url.username + url.password))
    throw new ForeignDatabaseError(
      'the address has a # or a % that stands for itself: write them as %23 and %25 in a password',
      'bad-address',
    )
  const parameters = url.searchParams
  const mode = parameters.get('sslmode') ?? (parameters.get('ssl') === 'true' ? 'require' : 'prefer')
  const ssl = SSL_MODES[mode]
  if (ssl === undefined || !Object.hasOwn(SSL_MODES, mode))
    throw new ForeignDatabaseError(`sslmode is one of ${Object.keys(SSL_MODES).join(', ')}`, 'bad-address')
  const [host, schema] = [parameters.get('host'), parameters.get('schema')]
  for (const name of [...parameters.keys()]) if (!SERVER_PARAMETERS.includes(name)) parameters.delete(name)
  return { url: url.href, host, ssl, schema }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/**
 * Opens another database to read it: one connection with one transaction, which is read-only and sees one snapshot of the database.
 * The transaction lasts until it is disposed of.
 *
 * @throws ForeignDatabaseError if it cannot be reached or does not accept the user
 */
export async function openForeignDatabase(
  { url, host, ssl, schema }: ForeignAddress,
  { name, signal, statementMs = STATEMENT_MS }: { name: string; signal: AbortSignal; statementMs?: number },
): Promise<ForeignDatabase> {
  const sql = postgres(url, {
    ...(host === null ? {} : { host }),
    ssl: ssl as 'require',
    max: 1,
    connect_timeout: CONNECT_SECONDS,
    idle_timeout: 0,
    max_lifetime: null,
    fetch_types: false,
    prepare: false,
    onnotice: () => {},
    connection: { application_name: name },
  })
  const run = async (work: PromiseLike<unknown>, milliseconds: number) => {
    try {
      return await withDeadline(Promise.resolve(work), { milliseconds, operation: 'the other database', signal })
    } catch (error) {
      throw toForeignError(error)
    }
  }
  const transaction = beginTransaction(sql)
  const close = async () => {
    transaction.end()
    await sql.end({ timeout: 0 }).catch(() => {})
  }
  try {
    const tx = (await run(transaction.begun, CONNECT_SECONDS * 1_000 + SILENCE_MS)) as postgres.TransactionSql
    const query: ForeignDatabase['query'] = async (text, parameters = []) => {
      const rows = await run(tx.unsafe<ForeignRow[]>(text, [...parameters]), statementMs + SILENCE_MS)
      return rows as ForeignRow[]
    }
    await beginReading(query, { schema, statementMs })
    return { query, tryQuery: createTryQuery(query), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Begins a transaction that lasts until `end` is called. */
function beginTransaction(sql: postgres.Sql): { begun: Promise<postgres.TransactionSql>; end: () => void } {
  const { promise: begun, resolve, reject } = Promise.withResolvers<postgres.TransactionSql>()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const work = async (tx: postgres.TransactionSql) => {
    resolve(tx)
    await ended
  }
  // Once it has begun, a lost connection is the error of the statement under way.
  sql.begin('isolation level repeatable read read only', work).catch(reject)
  return { begun, end }
}

async function beginReading(
  query: ForeignDatabase['query'],
  { schema, statementMs }: { schema: string | null; statementMs: number },
): Promise<void> {
  // For this transaction alone: behind a pooler the session is another's afterwards.
  const settings: Record<string, string> = {
    statement_timeout: String(statementMs),
    idle_in_transaction_session_timeout: '0',
    timezone: 'UTC',
    datestyle: 'ISO, YMD',
    intervalstyle: 'postgres',
    cursor_tuple_fraction: '1',
    ...(schema === null ? {} : { search_path: quoteIdentifier(schema) }),
  }
  for (const [key, value] of Object.entries(settings)) await query('select set_config($1, $2, true)', [key, value])
  // Servers before 17 do not know it, and an unknown setting would end the transaction.
  await query(`select set_config(name, '0', true) from pg_settings where name = 'transaction_timeout'`)
}

function createTryQuery(query: ForeignDatabase['query']): ForeignDatabase['tryQuery'] {
  return async (text, parameters) => {
    await query('savepoint reading')
    try {
      const rows = await query(text, parameters)
      await query('release savepoint reading')
      return rows
    } catch (error) {
      await query('rollback to savepoint reading')
      throw error
    }
  }
}

/** Quotes the name of a table or column. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function toForeignError(error: unknown): unknown {
  const code = readErrorCode(error)
  if (code === undefined || !(error instanceof Error)) return error
  // What the server says names users and tables; the driver's own messages name the host and the port.
  return new ForeignDatabaseError(error.message, code, { cause: error })
}
