import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createBusPasswords, type ForBusUsers, formatNatsUrls, startNats } from '../../local/embedded/nats.ts'
import { startPostgres } from '../../local/embedded/postgres.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import type { ServerProcess } from '../../local/process/server-process.ts'
import { readErrorCode } from '../../src/runtime/error-code.ts'
import { findNatsServer } from '../test-resources.ts'

/** Postgres or NATS, for fault tests. After a restart it has the same address and the same data. */
export interface FaultServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly isRunning: boolean
  start(): Promise<void>
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Sends SIGSTOP: its connections stay open, and nothing responds. */
  freeze(): void
  thaw(): void
  /** Copies its data. It must not be running. */
  takeSnapshot(): Promise<void>
  /** Replaces its data by the snapshot, or by nothing without one. It must not be running. */
  restoreSnapshot(): Promise<void>
  deleteSnapshot(): Promise<void>
}

const START_MS = 60_000

/** @param folder used by nothing else */
export async function startDatabaseServer(folder: string, { isDurable }: { isDurable: boolean }): Promise<FaultServer> {
  const port = await findFreePort()
  const start = () =>
    startPostgres({
      dataDir: folder,
      port,
      durable: isDurable,
      signal: AbortSignal.timeout(START_MS),
      onMessage: () => {},
    })
  return await createFaultServer({ start, port, dataDir: join(folder, 'cluster') })
}

/** NATS, for fault tests. Its `url` is that of the user `admin`. */
export interface BusServer extends FaultServer {
  /** URL of each user. */
  readonly urls: ForBusUsers
}

/** @param folder used by nothing else */
export async function startBusServer(folder: string): Promise<BusServer> {
  const port = await findFreePort()
  const passwords = createBusPasswords()
  const options = { binary: findNatsServer(), storeDir: folder, passwords, port }
  const start = () => startNats({ ...options, signal: AbortSignal.timeout(START_MS) })
  const server = await createFaultServer({ start, port, dataDir: join(folder, 'jetstream') })
  return Object.assign(server, { urls: formatNatsUrls({ passwords, port }) })
}

async function createFaultServer(options: {
  start: () => Promise<ServerProcess>
  port: number
  dataDir: string
}): Promise<FaultServer> {
  const { port, dataDir } = options
  const snapshotDir = `${dataDir}.kept`
  let server = await options.start()
  const signal = (name: NodeJS.Signals) => server.child.isRunning() && process.kill(server.pid, name)
  return {
    url: server.url,
    port,
    get pid() {
      return server.pid
    },
    get isRunning() {
      return server.child.isRunning()
    },
    start: async () => {
      server = await options.start()
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    freeze: () => void signal('SIGSTOP'),
    thaw: () => void signal('SIGCONT'),
    takeSnapshot: () => replaceDirectory(dataDir, snapshotDir),
    restoreSnapshot: () => replaceDirectory(snapshotDir, dataDir),
    deleteSnapshot: () => rm(snapshotDir, { recursive: true, force: true }),
    [Symbol.asyncDispose]: async () => {
      signal('SIGCONT')
      await server.stop()
    },
  }
}

async function replaceDirectory(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true, force: true }).catch(error => {
    if (readErrorCode(error) !== 'ENOENT') throw error
  })
}
