import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'
import { bumpVersion } from '../../src/generations/generations.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { type EventClient, type FeedState, openEventClients, readList } from './events-clients.ts'

/**
 * A thousand pages are open while generations change continuously and parts of the studio are killed. Afterwards every page shows
 * exactly the list of `GET`.
 */

const CLIENTS = 1_000
// The local gateway forwards each stream by `fetch`, which Bun limits to 256 at once by default.
const CAPACITY_ENV = { SSE_MAX_STREAMS: '1500', BUN_CONFIG_MAX_HTTP_REQUESTS: '4000' }
const GENERATIONS = 30
const CHANGE_MS = 40
const SETTLE_MS = 60_000
const stack = new AsyncDisposableStack()
const ended = new AbortController()
let studio: TestStudio
let sql: Database
let clients: EventClient[]
let ids: string[]

beforeAll(async () => {
  studio = stack.use(await startTestStudio(CAPACITY_ENV))
  sql = openDatabase({
    url: studio.databaseUrl,
    name: 'test',
    connections: 2,
    log: createLog({ service: 'test', level: 'silent' }),
  })
  stack.defer(() => sql.end({ timeout: 1 }))
  ids = await Promise.all(Array.from({ length: GENERATIONS }, insertFinished))
  stack.defer(() => ended.abort())
  clients = openEventClients(CLIENTS, {
    port: Number(new URL(studio.url).port),
    readAll: createReadAll(),
    signal: ended.signal,
  })
  await waitUntilAllOpen()
})
afterAll(() => stack.disposeAsync())

test('query restarts after a kill', async () => {
  await withOngoingChanges(async () => {
    await killAndAwaitRestart('query')
    await waitUntilAllOpen()
  })
  await expectAllUpToDate()
  // No client had to read the list again: the missed events were replayed.
  expect(clients.filter(client => client.resyncs > 0)).toEqual([])
})

test('NATS restarts after a kill with its data', async () => {
  await withOngoingChanges(() => killAndAwaitRestart('NATS'))
  await expectAllUpToDate()
  expect(clients.filter(client => client.resyncs > 0)).toEqual([])
})

test('NATS restarts after a kill without its data', async () => {
  await withOngoingChanges(async () => {
    await rm(join(studio.dataDir, 'nats', 'jetstream'), { recursive: true, force: true })
    await killAndAwaitRestart('NATS')
  })
  await expectAllUpToDate()
})

/** Changes one generation after another while `work` runs. */
async function withOngoingChanges(work: () => Promise<void>): Promise<void> {
  const done = new AbortController()
  const changing = changeGenerations(done.signal)
  await work().finally(() => done.abort())
  await changing
}

async function changeGenerations(signal: AbortSignal): Promise<void> {
  for (let at = 0; !signal.aborted; at++) {
    const id = ids[at % ids.length] ?? ''
    await transaction(sql, async tx => {
      await tx`update generation_jobs set progress = ${(at % 100) / 100} where generation_id = ${id}`
      await bumpVersion(tx, { ...LOCAL_OWNER, id })
    })
    await Bun.sleep(CHANGE_MS)
  }
}

async function killAndAwaitRestart(part: 'query' | 'NATS'): Promise<void> {
  const pid = await studio.pidOf(part)
  process.kill(pid, 'SIGKILL')
  await waitFor(`A new ${part}`, 60_000, async () => (await studio.pidOf(part).catch(() => pid)) !== pid)
}

async function waitUntilAllOpen(): Promise<void> {
  await waitFor('Every client', SETTLE_MS, async () => clients.every(client => client.state === 'open'))
}

async function expectAllUpToDate(): Promise<void> {
  await waitUntilAllOpen()
  const isPublished = async () => (await sql`select from outbox where published_at is null limit 1`).length === 0
  await waitFor('The last message', SETTLE_MS, isPublished)
  const state = await readList(studio.url)
  expect(state.size).toBe(GENERATIONS)
  const behind = () => clients.filter(client => !isUpToDate(client, state))
  await waitFor('The state of every client', SETTLE_MS, async () => behind().length === 0).catch(() => {})
  expect(behind().length).toBe(0)
  expect(clients.flatMap(({ violations }) => violations)).toEqual([])
}

function isUpToDate({ shown }: EventClient, state: FeedState): boolean {
  return shown.size === state.size && [...state].every(([id, { hash }]) => shown.get(id) === hash)
}

/** Creates a reader of the list that serves concurrent calls by one request. */
function createReadAll(): () => Promise<FeedState> {
  let next: Promise<FeedState> | undefined
  let running: Promise<unknown> = Promise.resolve()
  return () => {
    next ??= running.then(() => {
      next = undefined
      const reading = readList(studio.url)
      running = reading.catch(() => {})
      return reading
    })
    return next
  }
}

async function insertFinished(): Promise<string> {
  const id = Bun.randomUUIDv7()
  await sql`
    with made as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, num_outputs)
      values (${id}, ${LOCAL_OWNER.workspaceId}, ${LOCAL_OWNER.userId}, ${id}, '', 'completed', 'image', 'demo', 'demo', 'a prompt', 1)
    ), job as (insert into generation_jobs (workspace_id, generation_id) values (${LOCAL_OWNER.workspaceId}, ${id}))
    insert into generation_outputs (workspace_id, generation_id, index, kind) values (${LOCAL_OWNER.workspaceId}, ${id}, 0, 'image')`
  return id
}
