import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import postgres from 'postgres'
import { createLog } from '../log.ts'
import { type Database, openDatabase } from './connection.ts'
import { runDataMigrations } from './data-migrations.ts'

const MIGRATIONS_DIR = join(import.meta.dirname, '..', '..', 'migrations')
const MIGRATIONS_TABLE = 'migrations'

/** The database was made by a newer Darkroom than this one; going on would corrupt it. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError'
}

/**
 * Brings the database's tables to this version, and what is in them. Any number may start at once: one does the work, the others
 * wait for it.
 *
 * @param options `url` of the database; `say` is told of each migration that ran
 * @returns the names of the migrations that were applied by this call
 * @throws NewerDatabaseError if the database has a migration that this version does not know
 */
export async function migrate(options: {
  url: string
  signal?: AbortSignal
  onMessage?: (line: string) => void
}): Promise<{ applied: string[] }> {
  options.signal?.throwIfAborted()
  await assertDatabaseNotNewer(options.url)
  const applied = await withClient(options.url, dbClient => runMigrations(dbClient, options.onMessage))
  for (const name of applied) options.onMessage?.(`migrated ${name}`)
  await withDatabase(options.url, database => runDataMigrations(database, options))
  return { applied }
}

/**
 * How far a database's tables are, which it leaves as they are.
 *
 * @returns the migrations that it still needs, and those that this version does not know, because a newer one made them
 */
export async function readMigrationState(url: string): Promise<{ pending: string[]; unknown: string[] }> {
  const known = (await readdir(MIGRATIONS_DIR)).map(file => file.replace(/\.sql$/, '')).sort()
  const applied = await readAppliedMigrations(url)
  return {
    pending: known.filter(name => !applied.includes(name)),
    unknown: applied.filter(name => !known.includes(name)),
  }
}

async function runMigrations(dbClient: Client, onMessage?: (line: string) => void): Promise<string[]> {
  const ran = await runner({
    dbClient,
    dir: MIGRATIONS_DIR,
    direction: 'up',
    migrationsTable: MIGRATIONS_TABLE,
    // The default fails the second of two concurrent starts.
    advisoryLockMode: 'wait',
    logger: { info: () => {}, warn: () => {}, error: line => onMessage?.(line) },
  })
  return ran.map(migration => migration.name)
}

/** The runner does not wait for the end of a connection of its own; who goes on would meet its error. */
async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString })
  // What breaks while a query runs is that query's error; what breaks besides is told by the next.
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

async function readAppliedMigrations(url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    const [table] = await sql`select to_regclass(${MIGRATIONS_TABLE}) as name`
    if (!table?.name) return []
    return (await sql<{ name: string }[]>`select name from ${sql(MIGRATIONS_TABLE)}`).map(row => row.name)
  } finally {
    await sql.end({ timeout: 5 })
  }
}
