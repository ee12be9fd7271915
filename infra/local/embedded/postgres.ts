import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { type Child, startChild } from '../process/child-process.ts'
import { freePort } from '../process/free-ports.ts'
import { stopStale } from '../process/orphan-process.ts'
import { asPart, type Part, PartError, ready } from '../process/server-process.ts'
import { until } from '../process/wait-until.ts'
import { type Cluster, openCluster } from './cluster.ts'

export interface PostgresOptions {
  /** Folder of its own: the cluster and its password go in there. */
  dataDir: string
  /** Any free one if it is not given. */
  port?: number
  /** False forgoes every write to disk that only matters if the machine dies: for tests. */
  durable?: boolean
  /** Where it writes; a file in `dataDir` if it is not given. */
  log?: string
  /** Aborted: the start is given up. A Postgres that has started is stopped with `stop`. */
  signal: AbortSignal
  say?: (line: string) => void
}

const NAME = 'Postgres'
const DATABASE = 'darkroom'
// Going over the log after a power cut can take a while.
const READY_MS = 60_000
const STOP_MS = 4_000

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}
const FORGETFUL = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Starts the embedded Postgres 18 on loopback, on a folder that it makes the first time, and waits until it answers. What an
 * earlier launcher left running on the same folder is stopped first.
 *
 * @returns with the `url` of the database `darkroom`
 * @throws PartError in words for a person
 */
export async function startPostgres(options: PostgresOptions): Promise<Part> {
  const { dataDir, signal, durable = true, say, log = join(dataDir, 'postgres.log') } = options
  const cluster = await openCluster({ dataDir, durable, signal, say })
  await clearWay(cluster.folder, signal)
  const port = options.port ?? (await freePort())
  const url = `postgres://${cluster.user}:${cluster.password}@127.0.0.1:${port}`
  const child = await until(() => launch({ cluster, port, durable, log, url: `${url}/postgres`, signal }), {
    what: `The end of an earlier ${NAME}`,
    milliseconds: READY_MS,
    every: 250,
    signal,
  })
  await createDatabase(`${url}/postgres`)
  return asPart(child, `${url}/${DATABASE}`, STOP_MS)
}

/** Nothing may run on the folder, and no pid file may name a process that is not ours. */
async function clearWay(folder: string, signal: AbortSignal): Promise<void> {
  const file = join(folder, 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  if (pid > 0) await stopStale({ pid, mark: folder, stopSignal: 'SIGINT', signal })
  if (!existsSync(file)) return
  // Postgres would refuse for ever to start where somebody else has that number now. It looks past the number of its own
  // parent, and still checks that nobody is attached to the old one's memory.
  await writeFile(file, text.replace(/^\d+/, String(process.pid)))
}

/** A server that is ready, or undefined while a session of its predecessor, killed in the middle of a query, still ends. */
async function launch(options: {
  cluster: Cluster
  port: number
  durable: boolean
  log: string
  url: string
  signal: AbortSignal
}): Promise<Child | undefined> {
  const child = startServer(options)
  try {
    await ready(child, {
      name: NAME,
      ask: () => answers(options.url),
      milliseconds: READY_MS,
      signal: options.signal,
    })
    return child
  } catch (error) {
    if (error instanceof PartError && error.message.includes('is still in use')) return undefined
    throw error
  }
}

function startServer(options: { cluster: Cluster; port: number; durable: boolean; log: string }): Child {
  const { cluster, port } = options
  const settings = Object.entries({ ...SETTINGS, ...(options.durable ? {} : FORGETFUL) })
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return startChild({
    command: [...cluster.server, '-D', cluster.folder, '-p', String(port), ...flags],
    env: {},
    output: { file: options.log },
    // Ends sessions and writes a checkpoint; SIGTERM would wait for the sessions.
    stopSignal: 'SIGINT',
  })
}

async function answers(url: string): Promise<true | undefined> {
  return await ask(url, async sql => {
    await sql`select 1`
    return true as const
  }).catch(() => undefined)
}

async function createDatabase(url: string): Promise<void> {
  await ask(url, async sql => {
    const [found] = await sql`select 1 from pg_database where datname = ${DATABASE}`
    if (!found) await sql`create database ${sql(DATABASE)}`
  })
}

async function ask<T>(url: string, question: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
  try {
    return await question(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
