import { join } from 'node:path'
import { startNats } from '../../local/embedded/nats.ts'
import { startPostgres } from '../../local/embedded/postgres.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { findServiceMain } from '../../testing/studio/service-process.ts'
import { createTestDirectory, findNatsServer } from '../../testing/test-resources.ts'

export type QueueEnv = Awaited<ReturnType<typeof openQueueEnv>>

export const log = createLog({ service: 'bench', level: 'silent' })
const START_TIMEOUT_MS = 30_000
const neverAborted = new AbortController().signal

/**
 * Everything that a submission passes but the browser: Postgres that flushes what it commits, NATS, ingest and a provider, each
 * in a process of its own. Processors are started by whoever measures.
 */
export async function openQueueEnv() {
  await using stack = new AsyncDisposableStack()
  const directory = stack.use(await createTestDirectory())
  const postgres = await startPostgres({ dataDir: join(directory.path, 'postgres'), signal: neverAborted })
  stack.defer(() => postgres.stop())
  await migrate({ url: postgres.url })
  const nats = await startNats({
    binary: findNatsServer(),
    storeDir: join(directory.path, 'nats'),
    signal: neverAborted,
  })
  stack.defer(() => nats.stop())
  const fake = stack.use(await startFakeProvider())
  const sql = openDatabase({ url: postgres.url, name: 'bench', log })
  stack.defer(() => sql.end({ timeout: 1 }))
  const port = await findFreePort()
  const settings = {
    ...fake.env,
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    DATA_DIR: directory.path,
    PORT: String(port),
    NODE_ENV: 'test',
    LOG_LEVEL: 'error',
    QUEUE_DEPTH: '1000',
    DARKROOM_PARENT_PID: String(process.pid),
  }
  const ingest = await startService('ingest', settings, port)
  stack.use(ingest)
  const disposables = stack.move()
  const submit = async (model: string): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ prompt: 'a prompt', model, parameters: { resolution: 512 } })
    const response = await fetch(`${ingest.url}/api/generate`, { method: 'POST', headers, body })
    if (response.status !== 202) throw new Error(await response.text())
    return ((await response.json()) as { id: string }).id
  }
  return {
    sql,
    fake,
    natsUrl: nats.url,
    submit,
    cancel: async (id: string) => void (await fetch(`${ingest.url}/api/generate/${id}/cancel`, { method: 'POST' })),
    startProcessor: async () => await startService('processor', settings, await findFreePort()),
    /** Waits until so many of the generations have ended. */
    waitUntilEnded: async (ids: readonly string[]) => {
      const count = async () =>
        (await sql`select from generations where id = any(${[...ids]}::uuid[]) and completed_at is not null`).length
      const hasEnded = async () => ((await count()) === ids.length ? true : undefined)
      await waitUntil(hasEnded, {
        what: 'The end of all generations',
        milliseconds: 120_000,
        intervalMs: 20,
        signal: neverAborted,
      })
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function startService(name: 'ingest' | 'processor', settings: Record<string, string>, port: number) {
  const env = { ...process.env, ...settings, [`${name.toUpperCase()}_PORT`]: String(port) }
  const main = findServiceMain(name)
  const child = Bun.spawn([process.execPath, main], { env, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' })
  const url = `http://127.0.0.1:${port}`
  const isReady = async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok || undefined
  await waitUntil(isReady, { what: name, milliseconds: START_TIMEOUT_MS, signal: neverAborted })
  const stop = async () => {
    child.kill('SIGTERM')
    await child.exited
  }
  return { url, [Symbol.asyncDispose]: stop }
}
