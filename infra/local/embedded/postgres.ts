import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type postgres from 'postgres'
import { withConnection } from '../../src/database/with-connection.ts'
import { type ChildProcess, startChildProcess } from '../process/child-process.ts'
import { findFreePort } from '../process/free-ports.ts'
import { stopOrphanProcess } from '../process/orphan-process.ts'
import { type ServerProcess, StartError, toServerProcess, waitUntilReady } from '../process/server-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { type Cluster, openCluster } from './cluster.ts'

export interface PostgresOptions {
  /** Folder for this Postgres alone: the cluster and its password. */
  dataDir: string
  /** A free port unless given. */
  port?: number
  /** False turns off every sync to disk that only matters after a crash of the machine: for tests. */
  durable?: boolean
  /** Log file; `postgres.log` in `dataDir` unless given. */
  log?: string
  /** Aborts the start. A Postgres that has started is stopped with `stop`. */
  signal: AbortSignal
  onMessage?: (line: string) => void
}

const NAME = 'Postgres'
const DATABASE = 'darkroom'
// Recovery from the write-ahead log after a power cut can take long.
const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 4_000
/** Time limits of a connection to a server that may still be starting, in seconds. */
const CONNECTION_LIMITS = { connect: 2, end: 1 }

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  // Processes of which a studio on one machine has no use: 2 MB.
  max_logical_replication_workers: '0',
  io_workers: '1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}
const NON_DURABLE_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/**
 * Starts the embedded Postgres 18 on loopback and waits until it answers. The cluster is created the first time. An orphan
 * server on the same folder is stopped first.
 *
 * @returns the process, with the `url` of the database `darkroom`
 * @throws StartError with a message for users
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

/** Stops a server that an earlier launcher left running on the folder, and corrects a pid file that names another process. */
async function stopOrphanServer(folder: string, signal: AbortSignal): Promise<void> {
  const file = join(folder, 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  if (pid > 0) await stopOrphanProcess({ pid, commandText: folder, stopSignal: 'SIGINT', signal })
  if (!existsSync(file)) return
  // Postgres refuses to start while an unrelated process has the recorded pid. It ignores the pid of its own parent, and still
  // checks that no process is attached to the shared memory of the old server.
  await writeFile(file, text.replace(/^\d+/, String(process.pid)))
}

/** Starts a server. @returns undefined while a session of a killed server, in the middle of a query, still uses the folder */
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
    // Fast shutdown: ends sessions and writes a checkpoint. SIGTERM waits for the sessions.
    stopSignal: 'SIGINT',
  })
}

async function ping(url: string): Promise<true | undefined> {
  return await withConnection(url, sql => sql`select 1`, CONNECTION_LIMITS).then(
    () => true as const,
    () => undefined,
  )
}

async function ensureDatabase(url: string): Promise<void> {
  const create = async (sql: postgres.Sql) => {
    const [existing] = await sql`select 1 from pg_database where datname = ${DATABASE}`
    if (!existing) await sql`create database ${sql(DATABASE)}`
  }
  await withConnection(url, create, CONNECTION_LIMITS)
}
