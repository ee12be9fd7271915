import { join } from 'node:path'
import { objectKeys } from '@darkroom/contracts/previews'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { runCommand } from '../../testing/studio/run-command.ts'
import { createTestDatabase, createTestDirectory } from '../../testing/test-resources.ts'
import { startPostgres } from '../embedded/postgres.ts'
import { storeSeedImages } from '../seed/images.ts'
import { insertGenerations } from '../seed/rows.ts'

const log = createLog({ service: 'test', level: 'silent' })

/** Tables whose rows differ in a restored copy on purpose, name the progress of something outside, or are written while nothing happens. */
const OWN_TABLES = ['studio', 'bus_epoch', 'migrations', 'journal_hosts']

/** Opens a connection for a test. */
export function openSql(stack: AsyncDisposableStack, url: string): Database {
  const sql = openDatabase({ url, name: 'test', connections: 2, log })
  stack.defer(() => sql.end({ timeout: 1 }))
  return sql
}

/** Starts the database of a restored data directory, without a studio. */
export async function openRestored(stack: AsyncDisposableStack, dataDir: string): Promise<Database> {
  const options = { dataDir: join(dataDir, 'postgres'), durable: false, signal: AbortSignal.timeout(60_000) }
  const server = await startPostgres(options)
  stack.defer(() => server.stop())
  return openSql(stack, server.url)
}

/** Returns the rows of every table as texts of JSON, sorted. */
export async function readAllRows(sql: Database): Promise<Record<string, string[]>> {
  const tables = await sql<{ name: string }[]>`
    select relname::text as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and not relname = any(${OWN_TABLES}) order by 1`
  const entries: [string, string[]][] = []
  for (const { name } of tables) {
    const rows = await sql<{ row: string }[]>`select row_to_json(t)::text as row from ${sql(name)} t order by 1`
    entries.push([name, rows.map(({ row }) => row)])
  }
  return Object.fromEntries(entries)
}

/** Returns the hash of every object that the rows name and of its previews; null for one that is not there. */
export async function readNamedObjects(sql: Database, store: Store): Promise<Record<string, string | null>> {
  const rows = await sql<{ key: string }[]>`
    select key from generation_outputs where state = 'stored' union select key from reference_images order by 1`
  const keys = rows.flatMap(({ key }) => objectKeys(key)).toSorted()
  return Object.fromEntries(await Promise.all(keys.map(async key => [key, await hashObject(store, key)] as const)))
}

/** A database and a disk store of a test, and the settings by which commands find them. */
export interface Parts {
  sql: Database
  store: Store
  env: Record<string, string>
}

/** Creates parts with finished generations that share a few objects. */
export async function createSource(stack: AsyncDisposableStack, generations: number): Promise<Parts> {
  const parts = await createParts(stack)
  // Databases of tests are copies of one.
  await parts.sql`update studio set id = gen_random_uuid()`
  const images = await storeSeedImages(parts.store, LOCAL_OWNER.workspaceId)
  await insertGenerations(parts.sql, { identity: LOCAL_OWNER, images, count: generations, bloat: null }, () => {})
  return parts
}

/** Creates parts that are empty. */
export async function createTarget(stack: AsyncDisposableStack): Promise<Parts> {
  const parts = await createParts(stack)
  await parts.sql.unsafe('drop schema public cascade; create schema public')
  return parts
}

/** Inserts completed generations with an output each, whose object no other one has. */
export async function insertUniqueOutputs({ sql, store }: Parts, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const id = Bun.randomUUIDv7()
    const key = `w/${LOCAL_OWNER.workspaceId}/gen/${id}/1/0.png`
    const bytes = crypto.getRandomValues(new Uint8Array(20_000))
    await store.put(key, bytes, { signal: AbortSignal.timeout(30_000) })
    await sql.begin(async tx => {
      await tx`
        insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, num_outputs)
        values (${id}, ${LOCAL_OWNER.workspaceId}, ${LOCAL_OWNER.userId}, ${id}, '', 'completed', 'image', 'demo', 'demo', 'unique', 1)`
      await tx`insert into generation_jobs (generation_id, attempt) values (${id}, 1)`
      await tx`
        insert into generation_outputs (generation_id, index, state, kind, key, bytes, sha256)
        values (${id}, 0, 'stored', 'image', ${key}, ${bytes.byteLength}, ${new Bun.CryptoHasher('sha256').update(bytes).digest()})`
    })
  }
}

/** Starts a command that the test ends itself. */
export function spawnCommand(name: 'backup' | 'restore', args: string[], env: Record<string, string>) {
  return Bun.spawn([process.execPath, join(import.meta.dirname, '..', `${name}.ts`), ...args], {
    env: { ...process.env, DATABASE_URL: '', NATS_URL: '', ...env },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  })
}

/** Runs a command and fails with its output unless it exits with the expected code. @returns its standard output */
export async function runChecked(
  name: 'backup' | 'restore',
  args: string[],
  env: Record<string, string>,
  expectedCode = 0,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(name, args, { DATABASE_URL: '', NATS_URL: '', ...env })
  if (exitCode !== expectedCode) throw new Error(`${name} exited with ${exitCode}\n${stdout}\n${stderr}`)
  return `${stdout}${stderr}`
}

async function createParts(stack: AsyncDisposableStack): Promise<Parts> {
  const { url } = stack.use(await createTestDatabase())
  const { path } = stack.use(await createTestDirectory())
  const env = { DATABASE_URL: url, DATA_DIR: path }
  return { sql: openSql(stack, url), store: await openStore({ DATA_DIR: path }), env }
}

async function hashObject(store: Store, key: string): Promise<string | null> {
  const found = await store.get(key)
  if (!found) return null
  const bytes = await new Response(found.body).arrayBuffer()
  return new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
}
