import { join } from 'node:path'
import { startNats } from '../../local/embedded/nats.ts'
import { startPostgres } from '../../local/embedded/postgres.ts'
import { freePort } from '../../local/process/free-ports.ts'
import { until } from '../../local/process/wait-until.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { serviceMain } from '../../testing/studio/service-main.ts'
import { natsServer, testDirectory } from '../../testing/test-resources.ts'

export type QueueGround = Awaited<ReturnType<typeof openQueueGround>>

export const log = createLog({ service: 'bench', level: 'silent' })
const START_MS = 30_000
const never = new AbortController().signal

/**
 * Everything that a submission passes but the browser: Postgres that flushes what it commits, NATS, ingest and a provider, each
 * in a process of its own. Processors are started by whoever measures.
 */
export async function openQueueGround() {
  await using undo = new AsyncDisposableStack()
  const directory = undo.use(await testDirectory())
  const postgres = await startPostgres({ dataDir: join(directory.path, 'postgres'), signal: never })
  undo.defer(() => postgres.stop())
  await migrate({ url: postgres.url })
  const nats = await startNats({ binary: natsServer(), storeDir: join(directory.path, 'nats'), signal: never })
  undo.defer(() => nats.stop())
  const fake = undo.use(await startFakeProvider())
  const sql = openDatabase({ url: postgres.url, name: 'bench', log })
  undo.defer(() => sql.end({ timeout: 1 }))
  const port = await freePort()
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
  undo.use(ingest)
  const owned = undo.move()
  const submit = async (model: string): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ prompt: 'a prompt', model, parameters: { resolution: 512 } })
    const answer = await fetch(`${ingest.url}/api/generate`, { method: 'POST', headers, body })
    if (answer.status !== 202) throw new Error(await answer.text())
    return ((await answer.json()) as { id: string }).id
  }
  return {
    sql,
    fake,
    natsUrl: nats.url,
    submit,
    cancel: async (id: string) => void (await fetch(`${ingest.url}/api/generate/${id}/cancel`, { method: 'POST' })),
    startProcessor: async () => await startService('processor', settings, await freePort()),
    /** Waits until so many of the generations have ended. */
    ended: async (ids: readonly string[]) => {
      const count = async () =>
        (await sql`select from generations where id = any(${[...ids]}::uuid[]) and completed_at is not null`).length
      const look = async () => ((await count()) === ids.length ? true : undefined)
      await until(look, { what: 'The end of all generations', milliseconds: 120_000, every: 20, signal: never })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function startService(name: 'ingest' | 'processor', settings: Record<string, string>, port: number) {
  const env = { ...process.env, ...settings, [`${name.toUpperCase()}_PORT`]: String(port) }
  const main = serviceMain(name)
  const child = Bun.spawn([process.execPath, main], { env, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' })
  const url = `http://127.0.0.1:${port}`
  const isReady = async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok || undefined
  await until(isReady, { what: name, milliseconds: START_MS, signal: never })
  const stop = async () => {
    child.kill('SIGTERM')
    await child.exited
  }
  return { url, [Symbol.asyncDispose]: stop }
}
