import { waitUntil } from '../../local/process/wait-until.ts'
import type { Database } from '../../src/database/connection.ts'
import { type FakeProvider, startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { type BenchServer, openBenchStack } from '../kit/bench-stack.ts'

/** The parts that a submission passes, without gateway and browser. */
export interface QueueEnv extends AsyncDisposable {
  sql: Database
  fake: FakeProvider
  natsUrl: string
  /** Submits a generation. @returns its id */
  submit(model: string): Promise<string>
  cancel(id: string): Promise<void>
  startProcessor(): Promise<BenchServer>
  /** Waits until all of the generations have ended. */
  waitUntilEnded(ids: readonly string[]): Promise<void>
}

const END_TIMEOUT_MS = 120_000
const neverAborted = new AbortController().signal

/**
 * Starts Postgres that flushes its commits, NATS, ingest and a provider, each in a process of its own. Processors are started
 * by the measurements.
 */
export async function openQueueEnv(): Promise<QueueEnv> {
  await using disposables = new AsyncDisposableStack()
  const stack = disposables.use(await openBenchStack())
  const fake = disposables.use(await startFakeProvider())
  const settings = { ...fake.env, NODE_ENV: 'test', QUEUE_DEPTH: '1000' }
  const ingest = await stack.startService('ingest', settings)
  const moved = disposables.move()
  return {
    sql: stack.database,
    fake,
    natsUrl: stack.natsUrl,
    submit: model => submit(ingest, model),
    cancel: async id => void (await fetch(`${ingest.url}/api/generate/${id}/cancel`, { method: 'POST' })),
    startProcessor: () => stack.startService('processor', settings),
    waitUntilEnded: ids => waitUntilEnded(stack.database, ids),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

async function submit({ url }: BenchServer, model: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ prompt: 'a prompt', model, parameters: { resolution: 512 } })
  const response = await fetch(`${url}/api/generate`, { method: 'POST', headers, body })
  if (response.status !== 202) throw new Error(await response.text())
  return ((await response.json()) as { id: string }).id
}

async function waitUntilEnded(sql: Database, ids: readonly string[]): Promise<void> {
  const haveEnded = async () => {
    const ended = await sql`select from generations where id = any(${[...ids]}::uuid[]) and completed_at is not null`
    return ended.length === ids.length ? true : undefined
  }
  const what = `the end of ${ids.length} generations`
  await waitUntil(haveEnded, { what, milliseconds: END_TIMEOUT_MS, intervalMs: 20, signal: neverAborted })
}
