import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { type ChildProcess, startChildProcess } from '../process/child-process.ts'
import { findFreePort } from '../process/free-ports.ts'
import { stopOrphanProcess } from '../process/orphan-process.ts'
import { type ServerProcess, StartError, toServerProcess, waitUntilReady } from '../process/server-process.ts'
import { waitUntil } from '../process/wait-until.ts'
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
  onMessage?: (line: string) => void
}

const NAME = 'Postgres'
const DATABASE = 'darkroom'
// Going over the log after a power cut can take a while.
const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 4_000

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}
const NON_DURABLE_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Starts the embedded Postgres 18 on loopback, on a folder that it makes the first time, and waits until it answers. What an
 * earlier launcher left running on the same folder is stopped first.
 *
 * @returns with the `url` of the database `darkroom`
 * @throws PartError in words for a person
 */
export async function startPostgres(options: PostgresOptions): Promise<ServerProcess> {
  const { dataDir, signal, durable = true, onMessage, log = join(dataDir, 'postgres.log') } = options
  const cluster = await openCluster({ dataDir, durable, signal, onMessage })
  await stopOrphanServer(cluster.folder, signal)
  const port = options.port ?? (await findFreePort())
  const url = `postgres://${cluster.user}:${cluster.password}@127.0.0.1:${port}`
  const child = await waitUntil(() => tryStartServer({ cluster, port, durable, log, url: `${url}/postgres`, signal }), {
    what: `The end of an earlier ${NAME}`,
    milliseconds: READY_TIMEOUT_MS,
    intervalMs: 250,
    signal,
  })
  await ensureDatabase(`${url}/postgres`)
  return toServerProcess(child, `${url}/${DATABASE}`, STOP_TIMEOUT_MS)
}

/** Nothing may run on the folder, and no pid file may name a process that is not ours. */
async function stopOrphanServer(folder: string, signal: AbortSignal): Promise<void> {
  const file = join(folder, 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  if (pid > 0) await stopOrphanProcess({ pid, commandText: folder, stopSignal: 'SIGINT', signal })
  if (!existsSync(file)) return
  // Postgres would refuse for ever to start where somebody else has that number now. It looks past the number of its own
  // parent, and still checks that nobody is attached to the old one's memory.
  await writeFile(file, text.replace(/^\d+/, String(process.pid)))
}

/** A server that is ready, or undefined while a session of its predecessor, killed in the middle of a query, still ends. */
async function tryStartServer(options: {
  cluster: Cluster
  port: number
  durable: boolean
  log: string
  url: string
  signal: AbortSignal
}): Promise<ChildProcess | undefined> {
  const child = spawnServer(options)
  try {
    await waitUntilReady(child, {
      name: NAME,
      poll: () => ping(options.url),
      milliseconds: READY_TIMEOUT_MS,
      signal: options.signal,
    })
    return child
  } catch (error) {
    if (error instanceof StartError && error.message.includes('is still in use')) return undefined
    throw error
  }
}

function spawnServer(options: { cluster: Cluster; port: number; durable: boolean; log: string }): ChildProcess {
  const { cluster, port } = options
  const settings = Object.entries({ ...SETTINGS, ...(options.durable ? {} : NON_DURABLE_SETTINGS) })
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return startChildProcess({
    command: [...cluster.serverCommand, '-D', cluster.folder, '-p', String(port), ...flags],
    env: {},
    output: { file: options.log },
    // Ends sessions and writes a checkpoint; SIGTERM would wait for the sessions.
    stopSignal: 'SIGINT',
  })
}

async function ping(url: string): Promise<true | undefined> {
  return await withConnection(url, async sql => {
    await sql`select 1`
    return true as const
  }).catch(() => undefined)
}

async function ensureDatabase(url: string): Promise<void> {
  await withConnection(url, async sql => {
    const [found] = await sql`select 1 from pg_database where datname = ${DATABASE}`
    if (!found) await sql`create database ${sql(DATABASE)}`
  })
}

async function withConnection<T>(url: string, query: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
  try {
    return await query(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
