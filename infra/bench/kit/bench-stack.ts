import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import type { ForBusUsers } from '../../local/embedded/nats.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { findNatsServer } from '../../local/programs/nats-server.ts'
import { openBus } from '../../src/bus/bus.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { startBusServer, startDatabaseServer } from '../../testing/studio/server-process.ts'
import { findServiceMain } from '../../testing/studio/service-process.ts'
import { createServiceUrls } from '../../testing/studio/service-roles.ts'
import { createBusSettings } from '../../testing/studio/test-env.ts'
import { createTestDirectory, TEST_CACHE } from '../../testing/test-resources.ts'

/** A durable Postgres, a NATS server and the services that a benchmark starts, on a folder that is removed with everything. */
export interface BenchStack extends AsyncDisposable {
  folder: string
  databaseUrl: string
  /** URL of a user of the bus without restrictions. */
  natsUrl: string
  /** URL of each user of the bus. */
  busUrls: ForBusUsers
  database: Database
  /** Starts a service. It runs until it is disposed of, at the latest with the stack. */
  startService(service: Service, env?: Record<string, string>): Promise<BenchServer>
  /** Starts a server of a benchmark, which listens on `QUERY_PORT`. */
  startServer(script: string, env?: Record<string, string>, args?: string[]): Promise<BenchServer>
}

export interface BenchServer extends AsyncDisposable {
  url: string
  port: number
  pid: number
}

const START_TIMEOUT_MS = 60_000

/** Starts Postgres and NATS on an empty folder, and migrates the database. */
export async function openBenchStack(): Promise<BenchStack> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await createTestDirectory()).path
  const postgres = stack.use(await startDatabaseServer(join(folder, 'postgres'), { isDurable: true }))
  // Fetched here if it is not installed yet: benchmarks also run where no test has run before.
  await findNatsServer({ cacheDir: TEST_CACHE, signal: AbortSignal.timeout(START_TIMEOUT_MS) })
  const nats = stack.use(await startBusServer(join(folder, 'nats')))
  await migrate({ url: postgres.url })
  const log = createLog({ service: 'bench', level: 'silent' })
  // As ingest does: query looks for them without end.
  const bus = await openBus({ url: nats.url, name: 'bench', log })
  await bus.ensureStreams()
  await bus.close()
  const database = openDatabase({ url: postgres.url, name: 'bench', connections: 4, log })
  stack.defer(() => database.end({ timeout: 2 }))
  const endpoints = { folder, databaseUrl: postgres.url, natsUrl: nats.url, busUrls: nats.urls }
  const databaseUrls = await createServiceUrls(postgres.url)
  const disposables = stack.move()
  const startServer: BenchStack['startServer'] = async (script, env = {}, args = []) => {
    const port = await findFreePort()
    const command = [process.execPath, script, ...args]
    const server = disposables.use(startProcess(command, port, { ...createEnvironment(endpoints, port), ...env }))
    await waitUntilReady(server.url, script)
    return server
  }
  return {
    ...endpoints,
    database,
    startServer,
    startService: (service, env) =>
      startServer(findServiceMain(service), { DATABASE_URL: databaseUrls[service], ...env }),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

function startProcess(command: string[], port: number, env: Record<string, string>): BenchServer {
  const child = Bun.spawn(command, { env, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' })
  const stop = async () => {
    child.kill()
    await child.exited
  }
  return { url: `http://127.0.0.1:${port}`, port, pid: child.pid, [Symbol.asyncDispose]: stop }
}

async function waitUntilReady(url: string, what: string): Promise<void> {
  const isReady = async () => ((await fetch(`${url}/readyz`).catch(() => null))?.ok ? true : undefined)
  await waitUntil(isReady, { what, milliseconds: START_TIMEOUT_MS, signal: new AbortController().signal })
}

function createEnvironment(
  endpoints: Pick<BenchStack, 'folder' | 'databaseUrl' | 'busUrls'>,
  port: number,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'production',
    LOG_LEVEL: 'error',
    DARKROOM_PARENT_PID: String(process.pid),
    DATA_DIR: join(endpoints.folder, 'data'),
    DATABASE_URL: endpoints.databaseUrl,
    ...createBusSettings(endpoints.busUrls),
    QUERY_PORT: String(port),
    INGEST_PORT: String(port),
    PROCESSOR_PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
  }
}
