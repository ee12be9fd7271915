import { join } from 'node:path'
import { freePort } from '../../local/process/free-ports.ts'
import { until } from '../../local/process/wait-until.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { serviceMain } from '../../testing/studio/service-main.ts'
import { testDatabase, testDirectory, testNats } from '../../testing/test-resources.ts'

const SERVICES = join(import.meta.dirname, '..', '..', '..', 'services')
const HANDS = join(SERVICES, 'processor', 'src', 'worker-rpc.fixture.ts')
const START_MS = 30_000

/** The service that takes intent in, and a processor's hands, each in a process of its own, over one database. */
export interface LifeGround extends AsyncDisposable {
  sql: Database
  /** Asks ingest. @returns the answer's status and what it says */
  ingest(method: string, path: string, body?: unknown): Promise<{ status: number; said: unknown }>
  /** Has the hands do something. @throws if they could not even try */
  hands(command: { does: string; id?: string; hold?: number; index?: number }): Promise<unknown>
}

export async function openLifeGround(): Promise<LifeGround> {
  await using undo = new AsyncDisposableStack()
  const { url } = undo.use(await testDatabase())
  const nats = undo.use(await testNats())
  const directory = undo.use(await testDirectory())
  const sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  undo.defer(() => sql.end({ timeout: 1 }))
  const hands = await startHands(undo, url)
  const port = String(await freePort())
  const settings = { DATABASE_URL: url, NATS_URL: nats.url, DATA_DIR: directory.path, PORT: port, INGEST_PORT: port }
  const ingest = await startIngest(undo, settings)
  const owned = undo.move()
  return {
    sql,
    ingest: (method, path, body) => ask(`${ingest}${path}`, method, body),
    hands: async command => {
      const { status, said } = await ask(hands, 'POST', command)
      if (status !== 200) throw new Error(`the hands could not: ${JSON.stringify(command)}`)
      return said
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function startHands(undo: AsyncDisposableStack, url: string): Promise<string> {
  const child = Bun.spawn([process.execPath, HANDS, url], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
  undo.defer(() => stop(child))
  const { value } = await child.stdout.getReader().read()
  return new TextDecoder().decode(value).trim()
}

async function startIngest(undo: AsyncDisposableStack, settings: Record<string, string>): Promise<string> {
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    QUEUE_DEPTH: '1000',
    DARKROOM_PARENT_PID: String(process.pid),
    ...settings,
  }
  const child = Bun.spawn([process.execPath, serviceMain('ingest')], {
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
  })
  undo.defer(() => stop(child))
  const origin = `http://127.0.0.1:${settings.INGEST_PORT}`
  const isReady = async () => (await fetch(`${origin}/healthz`).catch(() => undefined))?.ok || undefined
  await until(isReady, { what: 'ingest', milliseconds: START_MS, signal: new AbortController().signal })
  return origin
}

async function ask(url: string, method: string, body?: unknown): Promise<{ status: number; said: unknown }> {
  const said = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await fetch(url, { method, ...said })
  const text = await answer.text()
  return { status: answer.status, said: text === '' ? null : JSON.parse(text) }
}

async function stop(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGKILL')
  await child.exited
}
