import { join } from 'node:path'
import { findFreePort } from '../../local/process/free-ports.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { startScript } from '../../testing/script-process.ts'
import { startServiceProcess } from '../../testing/studio/service-process.ts'
import { createServiceUrls } from '../../testing/studio/service-roles.ts'
import { createBusSettings, createTestEnv } from '../../testing/studio/test-env.ts'
import { createTestDatabase, createTestDirectory, startTestNats } from '../../testing/test-resources.ts'

const PROCESSOR = join(import.meta.dirname, '..', '..', '..', 'services', 'processor')
const WORKER_RPC = join(PROCESSOR, 'src', 'worker-rpc.fixture.ts')

/** Ingest, and a worker that runs single steps on command, each in a process of its own, on one database. */
export interface ModelEnv extends AsyncDisposable {
  sql: Database
  /** Sends a request to ingest. @returns the response's status and JSON */
  requestIngest(method: string, path: string, body?: unknown): Promise<{ status: number; data: unknown }>
  /** Has the worker run one step. @throws Error unless it ran */
  runWorkerCommand(command: { action: string; id?: string; lease?: number; index?: number }): Promise<unknown>
}

export async function openModelEnv(): Promise<ModelEnv> {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await createTestDatabase())
  const urls = await createServiceUrls(url)
  const nats = stack.use(await startTestNats())
  const directory = stack.use(await createTestDirectory())
  const sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
  const worker = stack.use(await startScript(WORKER_RPC, { args: [urls.processor, directory.path] }))
  const port = await findFreePort()
  const env = {
    ...createTestEnv({ dataDir: directory.path, port }),
    PATH: process.env.PATH ?? '',
    DATABASE_URL: urls.ingest,
    ...createBusSettings(nats.urls),
    QUEUE_DEPTH: '1000',
  }
  const ingest = stack.use(startServiceProcess({ service: 'ingest', port, env, output: { onLine: () => {} } }))
  await ingest.waitUntilReady()
  const disposables = stack.move()
  return {
    sql,
    requestIngest: (method, path, body) => requestJson(`${ingest.url}${path}`, method, body),
    runWorkerCommand: async command => {
      const { status, data } = await requestJson(worker.url, 'POST', command)
      if (status !== 200) throw new Error(`worker command failed with status ${status}: ${JSON.stringify(command)}`)
      return data
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function requestJson(url: string, method: string, body?: unknown): Promise<{ status: number; data: unknown }> {
  const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, { method, ...init })
  const text = await response.text()
  return { status: response.status, data: text === '' ? null : JSON.parse(text) }
}
