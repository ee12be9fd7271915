import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import type postgres from 'postgres'
import { createLog } from '../log.ts'
import { type Database, openDatabase } from './connection.ts'
import { runDataMigrations } from './data-migrations.ts'
import { withConnection } from './with-connection.ts'

const MIGRATIONS_DIR = join(import.meta.dirname, '..', '..', 'migrations')
const MIGRATIONS_TABLE = 'migrations'
/** Lock of whoever changes tables or rights on them. It is the runner's own, which an older version of this command takes. */
export const SCHEMA_LOCK_ID = '7241865325823964'
/** Table that a database has while a backup is being restored into it. */
export const UNFINISHED_RESTORE_TABLE = 'unfinished_restore'

/** The error of a database that a newer Darkroom has migrated. Running on it would corrupt it. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError'
}

/** The error of a database into which a restore was broken off. */
export class UnfinishedRestoreError extends Error {
  override readonly name = 'UnfinishedRestoreError'
}

/**
 * Migrates the tables of a database, and their data, to this version. Any number of calls may overlap: one migrates, the others wait
 * for it.
 *
 * @param options `url` of the database; `onMessage` receives a line per migration; `isRestore`: the caller is the restore that has
 *   marked the database
 * @returns the names of the migrations that this call has applied
 * @throws NewerDatabaseError if the database has a migration that this version does not know; UnfinishedRestoreError if a restore
 *   into it was broken off
 */
export async function migrate(options: {
  url: string
  signal?: AbortSignal
  onMessage?: (line: string) => void
  isRestore?: boolean
}): Promise<{ applied: string[] }> {
  options.signal?.throwIfAborted()
  await assertDatabaseNotNewer(options.url)
  if (options.isRestore !== true) await assertNoUnfinishedRestore(options.url)
  const run = () => withClient(options.url, dbClient => runMigrations(dbClient, options))
  const applied = await withMigrationLock(options.url, run)
  for (const name of applied) options.onMessage?.(`migrated ${name}`)
  await withDatabase(options.url, database => runDataMigrations(database, options))
  return { applied }
}

/**
 * Migrates the tables of an empty database, but not their data, to an older version.
 *
 * @param names the migrations of that version; those that the database has already are not run again
 * @throws NewerDatabaseError if this version does not know them
 */
export async function migrateTables(url: string, names: readonly string[]): Promise<void> {
  const known = await readKnownMigrations()
  const unknown = names.filter((name, at) => known[at] !== name)
  if (unknown.length > 0) {
    throw new NewerDatabaseError(`This was made by a newer Darkroom (it has ${unknown.join(', ')}). Use that version.`)
  }
  const applied = await readAppliedMigrations(url)
  const count = names.length - applied.length
  if (count > 0) await withClient(url, dbClient => runMigrations(dbClient, { count }))
}

/**
 * Reads the migrations of a database, and changes nothing.
 *
 * @returns `pending`: those that it still needs; `unknown`: those that this version does not know, because a newer one applied them
 */
export async function readMigrationState(url: string): Promise<{ pending: string[]; unknown: string[] }> {
  const known = await readKnownMigrations()
  const applied = await readAppliedMigrations(url)
  return {
    pending: known.filter(name => !applied.includes(name)),
    unknown: applied.filter(name => !known.includes(name)),
  }
}

/** Returns the names of the migrations of this version, in order. */
async function readKnownMigrations(): Promise<string[]> {
  return (await readdir(MIGRATIONS_DIR)).map(file => file.replace(/\.sql$/, '')).sort()
}

async function runMigrations(
  dbClient: Client,
  { onMessage, count }: { onMessage?: (line: string) => void; count?: number },
): Promise<string[]> {
  const ran = await runner({
    dbClient,
    dir: MIGRATIONS_DIR,
    direction: 'up',
    ...(count === undefined ? {} : { count }),
    migrationsTable: MIGRATIONS_TABLE,
    // Its lock belongs to a session, which behind a pooler is another one at each statement, and keeps the lock for ever.
    noLock: true,
    logger: { info: () => {}, warn: () => {}, error: line => onMessage?.(line) },
  })
  return ran.map(migration => migration.name)
}

/** Runs `work` while no other run migrates. The lock belongs to a transaction of a connection of its own. */
async function withMigrationLock<T>(url: string, work: () => Promise<T>): Promise<T> {
  return await withClient(url, async client => {
    await client.query('begin')
    // Some servers end a transaction that waits for long, and a second migration would begin.
    await client.query('set local idle_in_transaction_session_timeout = 0')
    await client.query(`select pg_advisory_xact_lock(${SCHEMA_LOCK_ID})`)
    return await work().finally(() => client.query('rollback').catch(() => {}))
  })
}

/** Runs `work` with a connection. The runner's own would not be awaited when it ends, and its error would reach the next step. */
async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString })
  // A connection error fails the query that runs, or else the next one. Without a listener the event would end the process.
  client.on('error', () => {})
  await client.connect()
  return await work(client).finally(() => client.end())
}

async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const log = createLog({ service: 'migrate', level: 'silent' })
  const database = openDatabase({ url, name: 'darkroom-migrate', connections: 1, log })
  return await work(database).finally(() => database.end({ timeout: 5 }))
}

async function assertDatabaseNotNewer(url: string): Promise<void> {
  const { unknown } = await readMigrationState(url)
  if (unknown.length === 0) return
  throw new NewerDatabaseError(
    `This database was made by a newer Darkroom (it has ${unknown.join(', ')}). Start that version, or restore an older copy.`,
  )
}

async function assertNoUnfinishedRestore(url: string): Promise<void> {
  const isUnfinished = await withConnection(url, sql => hasTable(sql, UNFINISHED_RESTORE_TABLE))
  if (!isUnfinished) return
  throw new UnfinishedRestoreError(
    'A restore into this database was broken off. Run `bun run restore <folder>` again: it goes on where it was.',
  )
}

async function readAppliedMigrations(url: string): Promise<string[]> {
  return await withConnection(url, async sql => {
    if (!(await hasTable(sql, MIGRATIONS_TABLE))) return []
    return (await sql<{ name: string }[]>`select name from ${sql(MIGRATIONS_TABLE)}`).map(row => row.name)
  })
}

async function hasTable(sql: postgres.Sql, name: string): Promise<boolean> {
  const [table] = await sql`select to_regclass(${name}) as name`
  return Boolean(table?.name)
}
