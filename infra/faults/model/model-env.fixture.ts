import { join } from 'node:path'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { findServiceMain } from '../../testing/studio/service-main.ts'
import { createTestDatabase, createTestDirectory, startTestNats } from '../../testing/test-resources.ts'

const SERVICES = join(import.meta.dirname, '..', '..', '..', 'services')
const WORKER_RPC = join(SERVICES, 'processor', 'src', 'worker-rpc.fixture.ts')
const START_MS = 30_000

/** The service that takes intent in, and a processor's hands, each in a process of its own, over one database. */
export interface ModelEnv extends AsyncDisposable {
  sql: Database
  /** Asks ingest. @returns the answer's status and what it says */
  requestIngest(method: string, path: string, body?: unknown): Promise<{ status: number; data: unknown }>
  /** Has the hands do something. @throws if they could not even try */
  runWorkerCommand(command: { action: string; id?: string; lease?: number; index?: number }): Promise<unknown>
}

export async function openModelEnv(): Promise<ModelEnv> {
  await using stack = new AsyncDisposableStack()
  const { url } = stack.use(await createTestDatabase())
  const nats = stack.use(await startTestNats())
  const directory = stack.use(await createTestDirectory())
  const sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
  const workerUrl = await startWorkerRpc(stack, url)
  const port = String(await findFreePort())
  const settings = { DATABASE_URL: url, NATS_URL: nats.url, DATA_DIR: directory.path, PORT: port, INGEST_PORT: port }
  const ingestUrl = await startIngest(stack, settings)
  const disposables = stack.move()
  return {
    sql,
    requestIngest: (method, path, body) => requestJson(`${ingestUrl}${path}`, method, body),
    runWorkerCommand: async command => {
      const { status, data } = await requestJson(workerUrl, 'POST', command)
      if (status !== 200) throw new Error(`the hands could not: ${JSON.stringify(command)}`)
      return data
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function startWorkerRpc(stack: AsyncDisposableStack, url: string): Promise<string> {
  const child = Bun.spawn([process.execPath, WORKER_RPC, url], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
  stack.defer(() => stop(child))
  const { value } = await child.stdout.getReader().read()
  return new TextDecoder().decode(value).trim()
}

async function startIngest(stack: AsyncDisposableStack, settings: Record<string, string>): Promise<string> {
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    QUEUE_DEPTH: '1000',
    DARKROOM_PARENT_PID: String(process.pid),
    ...settings,
  }
  const child = Bun.spawn([process.execPath, findServiceMain('ingest')], {
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
  })
  stack.defer(() => stop(child))
  const origin = `http://127.0.0.1:${settings.INGEST_PORT}`
  const isReady = async () => (await fetch(`${origin}/healthz`).catch(() => undefined))?.ok || undefined
  await waitUntil(isReady, { what: 'ingest', milliseconds: START_MS, signal: new AbortController().signal })
  return origin
}

async function requestJson(url: string, method: string, body?: unknown): Promise<{ status: number; data: unknown }> {
  const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, { method, ...init })
  const text = await response.text()
  return { status: response.status, data: text === '' ? null : JSON.parse(text) }
}

async function stop(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGKILL')
  await child.exited
}
