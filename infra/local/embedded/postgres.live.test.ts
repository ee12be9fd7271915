import { afterAll, beforeAll, expect, test } from 'bun:test'
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { createTestDirectory, type TestDirectory } from '../../testing/test-resources.ts'
import { isProcessRunning } from '../process/orphan-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { startPostgres } from './postgres.ts'

const LIMIT_MS = 60_000

let made: TestDirectory

beforeAll(async () => {
  made = await createTestDirectory()
  await (await start(made.path)).stop()
}, LIMIT_MS)

afterAll(async () => {
  await made[Symbol.asyncDispose]()
})

/** A folder with a cluster in it: making one anew takes most of a start. */
async function createDirectory(): Promise<TestDirectory> {
  const directory = await createTestDirectory()
  await cp(made.path, directory.path, { recursive: true, preserveTimestamps: true })
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

async function isComputing(url: string): Promise<true | undefined> {
  const found = await withConnection(
    url,
    sql =>
      sql`select 1 from pg_stat_activity where state = 'active' and query like '%generate_series%' and pid <> pg_backend_pid()`,
  )
  return found.length > 0 || undefined
}

const insertMarker = (url: string) => withConnection(url, sql => sql`create table kept as select 'still here' as word`)
const readMarker = (url: string) => withConnection(url, async sql => (await sql`select word from kept`)[0]?.word)

test(
  'keeps its data over a stop, a kill and a new start on the same folder and port',
  async () => {
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
  },
  LIMIT_MS,
)

test(
  'listens on loopback with a password that only its owner can read',
  async () => {
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
    const guess = Object.assign(new URL(server.url), { password: 'guess' }).href
    const refused = await withConnection(guess, sql => sql`select 1`).catch(error => error.code)
    expect(refused).toBe('28P01')
    await server.stop()
  },
  LIMIT_MS,
)

test(
  'waits for the last session of a killed predecessor',
  async () => {
    await using directory = await createDirectory()
    const first = await start(directory.path)
    // A session that only computes does not notice the end of its server.
    const busy = withConnection(first.url, sql => sql`select count(*) from generate_series(1, 5000000)`).catch(() => [])
    const wait = { what: 'The busy session', milliseconds: 10_000, signal: AbortSignal.timeout(LIMIT_MS) }
    await waitUntil(() => isComputing(first.url), wait)
    await first.kill()
    const second = await start(directory.path)
    expect(await readFile(join(directory.path, 'postgres.log'), 'utf8')).toContain('is still in use')
    await busy
    await second.stop()
  },
  LIMIT_MS,
)

test(
  'is not stopped by a pid file that names a process of somebody else',
  async () => {
    await using directory = await createDirectory()
    const first = await start(directory.path)
    const file = join(directory.path, 'cluster', 'postmaster.pid')
    const stranger = Bun.spawn(['/bin/sleep', '60'])
    const left = (await readFile(file, 'utf8')).replace(/^\d+/, String(stranger.pid))
    await first.stop()
    await writeFile(file, left)
    const second = await start(directory.path)
    expect(stranger.exitCode).toBeNull()
    stranger.kill()
    await second.stop()
  },
  LIMIT_MS,
)

test(
  'stops the one that a killed launcher left running on the folder',
  async () => {
    await using directory = await createDirectory()
    const left = await start(directory.path)
    const next = await start(directory.path)
    expect(left.child.isRunning()).toBe(false)
    expect(await isProcessRunning(next.pid, directory.path)).toBe(true)
    await next.stop()
  },
  LIMIT_MS,
)

test(
  'begins again where a first start was cut off',
  async () => {
    await using directory = await createTestDirectory()
    await mkdir(join(directory.path, 'cluster.new'))
    await writeFile(join(directory.path, 'cluster.new', 'PG_VERSION'), '18\n')
    const server = await start(directory.path)
    await server.stop()
  },
  LIMIT_MS,
)

test(
  'data of another Postgres is left alone, and it says so',
  async () => {
    await using directory = await createDirectory()
    await writeFile(join(directory.path, 'cluster', 'PG_VERSION'), '19\n')
    const message = await start(directory.path).catch(error => error.message)
    expect(message).toStartWith('This data was made by Postgres 19, which Postgres 18 cannot read.')
  },
  LIMIT_MS,
)

test(
  'says what Postgres said when it cannot start, and leaves nothing behind',
  async () => {
    await using directory = await createDirectory()
    await rm(join(directory.path, 'cluster', 'global'), { recursive: true })
    const message = await start(directory.path).catch(error => error.message)
    expect(message).toContain('Postgres stopped while it started (exit 2).\n')
    expect(message).toContain('could not open file')
  },
  LIMIT_MS,
)

test('a start that is given up stops what it began', async () => {
  await using directory = await createTestDirectory()
  const giving = new AbortController()
  const starting = startPostgres({ dataDir: directory.path, signal: giving.signal })
  giving.abort(new Error('given up'))
  expect(await starting.catch(error => error.message)).toBe('given up')
})
