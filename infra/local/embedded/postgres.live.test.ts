import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { createTestDirectory, type TestDirectory } from '../../testing/test-resources.ts'
import { isProcessRunning } from '../process/orphan-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { startPostgres } from './postgres.ts'

const LIMIT_MS = 60_000

let template: TestDirectory

beforeAll(async () => {
  template = await createTestDirectory()
  await (await start(template.path)).stop()
})

afterAll(async () => {
  await template[Symbol.asyncDispose]()
})

/** Creates a folder with a copy of a cluster: to initialize one takes most of a start. */
async function createDirectory(): Promise<TestDirectory> {
  const directory = await createTestDirectory()
  await cp(template.path, directory.path, { recursive: true, preserveTimestamps: true })
  return directory
}

function start(dataDir: string, port?: number) {
  const signal = AbortSignal.timeout(LIMIT_MS)
  return startPostgres({ dataDir, durable: false, signal, ...(port ? { port } : {}) })
}

async function withConnection<T>(url: string, query: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await query(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Returns the pid of the session that computes, if there is one. */
async function findComputing(url: string): Promise<number | undefined> {
  const sessions = await withConnection(
    url,
    sql => sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where state = 'active' and query like '%generate_series%' and pid <> pg_backend_pid()`,
  )
  return sessions[0]?.pid
}

const insertMarker = (url: string) =>
  withConnection(url, sql => sql`create table marker as select 'still here' as word`)
const readMarker = (url: string) => withConnection(url, async sql => (await sql`select word from marker`)[0]?.word)

test('retains its data over a stop, a kill and a restart on the same folder and port', async () => {
  await using directory = await createDirectory()
  const first = await start(directory.path)
  await insertMarker(first.url)
  await first.stop()
  expect(await isProcessRunning(first.pid, '')).toBe(false)

  const second = await start(directory.path)
  expect(await readMarker(second.url)).toBe('still here')
  await second.kill()

  const third = await start(directory.path, Number(new URL(second.url).port))
  expect(third.url).toBe(second.url)
  expect(await readMarker(third.url)).toBe('still here')
  await third.stop()
})

test('listens on loopback with a password that only its owner can read', async () => {
  await using directory = await createTestDirectory()
  const server = await start(directory.path)
  const passwordFile = join(directory.path, 'password')
  expect((await stat(passwordFile)).mode & 0o777).toBe(0o600)
  expect(new URL(server.url).password).toBe((await readFile(passwordFile, 'utf8')).trim())
  const [settings] = await withConnection(
    server.url,
    sql =>
      sql`select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
            current_setting('jit') as jit, current_setting('server_encoding') as encoding`,
  )
  expect(settings).toEqual({ addresses: '127.0.0.1', sockets: '', jit: 'off', encoding: 'UTF8' })
  const methods = (await readFile(join(directory.path, 'cluster', 'pg_hba.conf'), 'utf8'))
    .split('\n')
    .filter(line => /^(local|host)/.test(line))
    .map(line => line.split(/\s+/).at(-1))
  // Nobody is trusted, on whatever way: a service cannot connect as the owner without its password.
  expect([...new Set(methods)]).toEqual(['scram-sha-256'])
  const guess = Object.assign(new URL(server.url), { password: 'guess' }).href
  const refused = await withConnection(guess, sql => sql`select 1`).catch(error => error.code)
  expect(refused).toBe('28P01')
  await server.stop()
})

test('waits for the last session of a killed server on the same folder', async () => {
  await using directory = await createDirectory()
  const first = await start(directory.path)
  // A session that only computes does not notice that its server is gone. This one computes until it is killed.
  const busy = withConnection(
    first.url,
    sql => sql`select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b`,
  ).catch(() => [])
  const wait = { milliseconds: LIMIT_MS, signal: AbortSignal.timeout(LIMIT_MS) }
  const session = await waitUntil(() => findComputing(first.url), { ...wait, what: 'The busy session' })
  await using kill = new AsyncDisposableStack()
  await first.kill()
  const starting = start(directory.path)
  kill.defer(async () => void (await starting.catch(() => undefined)))
  kill.defer(() => void process.kill(session, 'SIGKILL'))
  const readLog = () => readFile(join(directory.path, 'postgres.log'), 'utf8')
  const isRefused = async () => (await readLog()).includes('is still in use') || undefined
  await waitUntil(isRefused, { ...wait, what: 'The refusal of the new server' })
  await kill.disposeAsync()
  const second = await starting
  await busy
  await second.stop()
})

test('starts despite a pid file that names an unrelated process', async () => {
  await using directory = await createDirectory()
  const first = await start(directory.path)
  const file = join(directory.path, 'cluster', 'postmaster.pid')
  const unrelated = Bun.spawn(['/bin/sleep', '600'])
  const stalePidFile = (await readFile(file, 'utf8')).replace(/^\d+/, String(unrelated.pid))
  await first.stop()
  await writeFile(file, stalePidFile)
  const second = await start(directory.path)
  expect(unrelated.exitCode).toBeNull()
  unrelated.kill()
  await second.stop()
})

test('stops an orphan server on the same folder', async () => {
  await using directory = await createDirectory()
  const orphan = await start(directory.path)
  const next = await start(directory.path)
  expect(orphan.child.isRunning()).toBe(false)
  expect(await isProcessRunning(next.pid, directory.path)).toBe(true)
  await next.stop()
})

test('initializes the cluster again after an interrupted first start', async () => {
  await using directory = await createTestDirectory()
  await mkdir(join(directory.path, 'cluster.new'))
  await writeFile(join(directory.path, 'cluster.new', 'PG_VERSION'), '18\n')
  const server = await start(directory.path)
  await server.stop()
})

test('refuses the data of another version of Postgres', async () => {
  await using directory = await createDirectory()
  await writeFile(join(directory.path, 'cluster', 'PG_VERSION'), '19\n')
  const message = await start(directory.path).catch(error => error.message)
  expect(message).toStartWith('This data was made by Postgres 19, which Postgres 18 cannot read.')
})

test('fails with the output of a Postgres that cannot start, and leaves no process', async () => {
  await using directory = await createDirectory()
  await rm(join(directory.path, 'cluster', 'global'), { recursive: true })
  const message = await start(directory.path).catch(error => error.message)
  expect(message).toContain('Postgres stopped while it started (exit 2).\n')
  expect(message).toContain('could not open file')
})

test('an aborted start stops its processes', async () => {
  await using directory = await createTestDirectory()
  const abort = new AbortController()
  const starting = startPostgres({ dataDir: directory.path, signal: abort.signal })
  abort.abort(new Error('given up'))
  expect(await starting.catch(error => error.message)).toBe('given up')
})
