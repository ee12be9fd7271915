import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { createBusPasswords, type ForBusUsers, formatNatsUrls, startNats } from '../local/embedded/nats.ts'
import { startPostgres } from '../local/embedded/postgres.ts'
import type { ServerProcess } from '../local/process/server-process.ts'
import { findInstalledNatsServer } from '../local/programs/nats-server.ts'
import { migrate } from '../src/database/migrations.ts'

/** A database for one test. */
export interface TestDatabase extends AsyncDisposable {
  url: string
}

/** A NATS server for one test. After a restart it has the same address and the same streams. */
export interface TestNats extends AsyncDisposable {
  /** URL of the user `admin`. */
  readonly url: string
  /** URL of each user. */
  readonly urls: ForBusUsers
  readonly pid: number
  /** Folder with its streams, configuration and log. */
  readonly folder: string
  stop(): Promise<void>
  start(): Promise<void>
  /** Sends SIGKILL. */
  kill(): Promise<void>
  /** Sends SIGKILL and deletes everything that it has stored. */
  killAndWipe(): Promise<void>
}

/** A directory for one test. */
export interface TestDirectory extends AsyncDisposable {
  path: string
}

/** Directory in which `bun run test` stores the programs that tests need. */
export const TEST_CACHE = join(import.meta.dirname, '..', '..', '.darkroom', 'cache')

const TEMPLATE = 'studio_template'
const START_MS = 60_000

/** Creates an empty, migrated database on a Postgres that this process starts once and `closeTestResources` stops. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const untrack = trackResource('database')
  shared ??= startSharedServer()
  const server = await shared
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  await server.sql`create database ${server.sql(name)} template ${server.sql(TEMPLATE)}`
  const drop = async () => {
    await server.sql`drop database ${server.sql(name)} with (force)`
    untrack()
  }
  return { url: withDatabaseName(server.server.url, name), [Symbol.asyncDispose]: drop }
}

/** Starts a nats-server with JetStream and the users of a studio, on a directory of its own. */
export async function startTestNats(): Promise<TestNats> {
  const untrack = trackResource('nats-server')
  const directory = await createTestDirectory()
  const passwords = createBusPasswords()
  const options = { binary: findNatsServer(), storeDir: directory.path, passwords }
  let server = await startNats({ ...options, signal: AbortSignal.timeout(START_MS) })
  const { url } = server
  const port = Number(new URL(url).port)
  return {
    url,
    urls: formatNatsUrls({ passwords, port }),
    get pid() {
      return server.pid
    },
    folder: directory.path,
    stop: () => server.stop(),
    kill: () => server.kill(),
    killAndWipe: async () => {
      await server.kill()
      await rm(join(directory.path, 'jetstream'), { recursive: true, force: true })
    },
    start: async () => {
      server = await startNats({ ...options, port, signal: AbortSignal.timeout(START_MS) })
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop()
      await directory[Symbol.asyncDispose]()
      untrack()
    },
  }
}

/** Creates an empty directory. Disposing of it removes it with its content. */
export async function createTestDirectory(): Promise<TestDirectory> {
  const untrack = trackResource('directory')
  const path = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  const remove = async () => {
    await rm(path, { recursive: true, force: true })
    untrack()
  }
  return { path, [Symbol.asyncDispose]: remove }
}

/**
 * Stops the resources that the tests of this process share.
 *
 * @throws Error with each resource that was not disposed of, and the line that created it
 */
export async function closeTestResources(): Promise<void> {
  const leaked = [...undisposed]
  const server = await shared
  shared = undefined
  await server?.close()
  if (leaked.length > 0) throw new Error(`Not disposed of by the tests that made them:\n${leaked.join('\n')}`)
}

interface SharedServer {
  server: ServerProcess
  sql: postgres.Sql
  close(): Promise<void>
}

let shared: Promise<SharedServer> | undefined
const undisposed = new Set<string>()

async function startSharedServer(): Promise<SharedServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'darkroom-test-postgres-'))
  const server = await startPostgres({ dataDir, durable: false, signal: AbortSignal.timeout(START_MS) })
  const sql = postgres(server.url, { max: 4, onnotice: () => {} })
  const close = async () => {
    await sql.end({ timeout: 2 })
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  await sql`create database ${sql(TEMPLATE)}`
  await migrate({ url: withDatabaseName(server.url, TEMPLATE), signal: AbortSignal.timeout(START_MS) })
  return { server, sql, close }
}

function withDatabaseName(url: string, database: string): string {
  return Object.assign(new URL(url), { pathname: database }).href
}

/** Finds the nats-server program. @throws Error with the command that installs it */
export function findNatsServer(): string {
  const found = findInstalledNatsServer(TEST_CACHE)
  if (!found) throw new Error('The tests need nats-server: `bun run test` gets it once, then `bun test` finds it.')
  return found
}

/** Records a resource and the line that created it. @returns a function that records its disposal */
function trackResource(what: string): () => void {
  const callSite =
    new Error().stack?.split('\n').find(line => /\.(test|live\.test|browser|faults)\.tsx?:/.test(line)) ?? ''
  const entry = `  ${what} ${undisposed.size + 1}${callSite.replace(/^\s+at/, ', created at')}`
  undisposed.add(entry)
  return () => undisposed.delete(entry)
}
