import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import postgres from 'postgres'
import { createLog } from '../log.ts'
import { type Database, openDatabase } from './connection.ts'
import { runUpkeep } from './data-migrations.ts'

const FOLDER = join(import.meta.dirname, '..', '..', 'migrations')
const TABLE = 'migrations'

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
  say?: (line: string) => void
}): Promise<{ applied: string[] }> {
  options.signal?.throwIfAborted()
  await refuseNewer(options.url)
  const applied = await withClient(options.url, dbClient => run(dbClient, options.say))
  for (const name of applied) options.say?.(`migrated ${name}`)
  await withDatabase(options.url, database => runUpkeep(database, options))
  return { applied }
}

/**
 * How far a database's tables are, which it leaves as they are.
 *
 * @returns the migrations that it still needs, and those that this version does not know, because a newer one made them
 */
export async function migrationState(url: string): Promise<{ waiting: string[]; unknown: string[] }> {
  const known = (await readdir(FOLDER)).map(file => file.replace(/\.sql$/, '')).sort()
  const applied = await appliedNames(url)
  return {
    waiting: known.filter(name => !applied.includes(name)),
    unknown: applied.filter(name => !known.includes(name)),
  }
}

async function run(dbClient: Client, say?: (line: string) => void): Promise<string[]> {
  const ran = await runner({
    dbClient,
    dir: FOLDER,
    direction: 'up',
    migrationsTable: TABLE,
    // The default fails the second of two concurrent starts.
    advisoryLockMode: 'wait',
    logger: { info: () => {}, warn: () => {}, error: line => say?.(line) },
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

async function refuseNewer(url: string): Promise<void> {
  const { unknown } = await migrationState(url)
  if (unknown.length === 0) return
  throw new NewerDatabaseError(
    `This database was made by a newer Darkroom (it has ${unknown.join(', ')}). Start that version, or restore an older copy.`,
  )
}

async function appliedNames(url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    const [table] = await sql`select to_regclass(${TABLE}) as name`
    if (!table?.name) return []
    return (await sql<{ name: string }[]>`select name from ${sql(TABLE)}`).map(row => row.name)
  } finally {
    await sql.end({ timeout: 5 })
  }
}
