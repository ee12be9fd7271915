import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNats } from '../../local/embedded/nats.ts'
import { startPostgres } from '../../local/embedded/postgres.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { findNatsServer } from '../../local/programs/nats-server.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'

/** A database, a bus and query processes on them, for one benchmark, on a folder that is removed with everything. */
export interface BenchStack extends AsyncDisposable {
  folder: string
  databaseUrl: string
  natsUrl: string
  database: Database
  /** Starts a program of the studio or of a benchmark, which listens on `QUERY_PORT` or `INGEST_PORT`. @returns its address and process */
  startServer(script: string, env?: Record<string, string>, args?: string[]): Promise<BenchServer>
}

export interface BenchServer {
  url: string
  port: number
  pid: number
}

export const QUERY_MAIN = join(import.meta.dirname, '..', '..', '..', 'services', 'query', 'src', 'main.ts')
const START_TIMEOUT_MS = 60_000

/** @param options `name` shows in the folder's name */
export async function openBenchStack(options: { name: string }): Promise<BenchStack> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), `darkroom-bench-${options.name}-`))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const signal = AbortSignal.timeout(START_TIMEOUT_MS)
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: true, signal })
  stack.defer(() => postgres.stop())
  const cacheDir = join(import.meta.dirname, '..', '..', '..', '.darkroom', 'cache')
  const binary = await findNatsServer({ cacheDir, signal })
  const auth = { user: 'bench', password: crypto.randomUUID() }
  const nats = await startNats({ binary, storeDir: join(folder, 'nats'), auth, signal })
  stack.defer(() => nats.stop())
  await migrate({ url: postgres.url })
  const log = createLog({ service: 'bench', level: 'silent' })
  const database = openDatabase({ url: postgres.url, name: 'bench', connections: 4, log })
  stack.defer(() => database.end({ timeout: 2 }))
  const disposables = stack.move()
  const endpoints = { folder, databaseUrl: postgres.url, natsUrl: nats.url }
  return {
    ...endpoints,
    database,
    startServer: async (script, env = {}, args = []) => {
      const port = await findFreePort()
      const child = Bun.spawn([process.execPath, script, ...args], {
        env: { ...createEnvironment(endpoints, port), ...env },
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'inherit',
      })
      disposables.defer(async () => {
        child.kill()
        await child.exited
      })
      const url = `http://127.0.0.1:${port}`
      const isReady = async () => ((await fetch(`${url}/readyz`).catch(() => null))?.ok ? true : undefined)
      await waitUntil(isReady, { what: script, milliseconds: START_TIMEOUT_MS, signal: new AbortController().signal })
      return { url, port, pid: child.pid }
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

function createEnvironment(endpoints: { folder: string; databaseUrl: string; natsUrl: string }, port: number) {
  return {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'production',
    LOG_LEVEL: 'error',
    DATA_DIR: join(endpoints.folder, 'data'),
    DATABASE_URL: endpoints.databaseUrl,
    NATS_URL: endpoints.natsUrl,
    QUERY_PORT: String(port),
    INGEST_PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
  }
}
