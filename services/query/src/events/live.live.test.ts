import { afterAll, beforeAll, expect, test } from 'bun:test'
import { generationSubject } from '@darkroom/contracts/subjects'
import { openBus } from '@darkroom/infra/bus/bus'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { relayAll } from '@darkroom/infra/database/outbox'
import { transaction } from '@darkroom/infra/database/transaction'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase, startTestNats } from '@darkroom/infra/testing/test-resources'
import { insertRow } from '../rows.fixture.ts'
import { createLiveEvents } from './live.ts'
import { openSseClient } from './sse.fixture.ts'
import { parseEventId } from './stream-position.ts'

// On a busy machine the first start of Postgres takes its time.
const START_MS = 60_000
const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
const WORKSPACE = crypto.randomUUID()
let sql: Database
let url: string

beforeAll(async () => {
  url = stack.use(await createTestDatabase()).url
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
}, START_MS)
afterAll(() => stack.disposeAsync())

test('a row is read once for an event, however many clients there are', async () => {
  await using studio = await startTestEnv()
  const clients = await Promise.all(Array.from({ length: 50 }, () => studio.watch()))
  const id = await insertRow(sql, WORKSPACE)
  for (let change = 0; change < 5; change++) await studio.changeGeneration(id)
  for (const client of clients) await client.waitUntil(() => client.versions.get(id) === 6)
  expect(studio.rowsRead()).toBeLessThanOrEqual(5)
})

test('who comes back is told each generation that changed once, as it is now, by another process as well', async () => {
  await using studio = await startTestEnv()
  const [often, once, never] = [
    await insertRow(sql, WORKSPACE),
    await insertRow(sql, WORKSPACE),
    await insertRow(sql, WORKSPACE),
  ]
  const client = await studio.watch()
  await studio.changeGeneration(never)
  await client.waitUntil(() => client.versions.has(never))
  const lastEventId = client.lastEventId
  client.close()
  for (let change = 0; change < 3; change++) await studio.changeGeneration(often)
  await studio.changeGeneration(once)
  await using other = await startTestEnv(studio.nats)
  for (const where of [studio, other]) {
    const back = await where.watch(lastEventId)
    await back.waitUntil(() => back.versions.size === 2)
    expect([...back.versions]).toEqual([
      [often, 4],
      [once, 2],
    ])
    expect([back.resyncs, back.events]).toEqual([0, 2])
  }
})

test('who comes back while something happens is told that as well, and need not read again', async () => {
  await using studio = await startTestEnv()
  const [missed, meanwhile] = [await insertRow(sql, WORKSPACE), await insertRow(sql, WORKSPACE)]
  const client = await studio.watch()
  await studio.changeGeneration(meanwhile)
  await client.waitUntil(() => client.versions.has(meanwhile))
  const { lastEventId } = client
  await studio.changeGeneration(missed)
  const opening = await transaction(sql, async tx => {
    await tx`lock table generation_documents in access exclusive mode`
    const back = studio.watch(lastEventId)
    // It reads what it missed now, and this comes before it has.
    await studio.waitUntilReading()
    for (let event = 0; event < 3; event++) await studio.publishUnchanged(meanwhile)
    return { back }
  })
  const back = await opening.back
  await back.waitUntil(() => back.versions.has(missed) && back.versions.has(meanwhile))
  await studio.changeGeneration(missed)
  await back.waitUntil(() => back.versions.get(missed) === 3)
  expect(back.resyncs).toBe(0)
}, 30_000)

test('what was missed for too long, or is not known, is read again', async () => {
  await using studio = await startTestEnv()
  const id = await insertRow(sql, WORKSPACE)
  await studio.changeGeneration(id)
  for (const lastEventId of ['7.1', '1.99999', 'garbage', '1', '1.-1', '1.1.1', '', ' ', '1e3.1', '01a20592']) {
    const client = await studio.watch(lastEventId)
    await client.waitUntil(() => client.resyncs === 1)
    await studio.changeGeneration(id)
    await client.waitUntil(() => client.versions.has(id))
    client.close()
  }
}, 30_000)

test('as long as nothing has ever happened nobody is told to read again', async () => {
  await using studio = await startTestEnv(undefined, { stallCheckMs: 20 })
  const client = await studio.watch()
  // Many times as long as it takes to notice that a stream is silent.
  await Bun.sleep(1_000)
  const id = await insertRow(sql, WORKSPACE)
  await studio.changeGeneration(id)
  await client.waitUntil(() => client.versions.has(id))
  expect(client.resyncs).toBe(0)
})

test('a bus that lost its store begins a new epoch: everybody reads again, and who was away as well', async () => {
  await using studio = await startTestEnv()
  const [id, client] = [await insertRow(sql, WORKSPACE), await studio.watch()]
  for (let change = 0; change < 3; change++) await studio.changeGeneration(id)
  await client.waitUntil(() => client.versions.get(id) === 4)
  const away = client.lastEventId
  const { epoch } = parseEventId(away) ?? { epoch: 0 }
  await studio.restartBus()
  await client.waitUntil(() => client.resyncs === 1)
  expect(parseEventId(client.lastEventId)).toEqual({ epoch: epoch + 1, sequence: 0 })
  // As far as the old stream was, and further: a place of the old one means nothing in the new one.
  for (let change = 0; change < 5; change++) await studio.changeGeneration(id)
  await client.waitUntil(() => client.versions.get(id) === 9)
  expect(parseEventId(client.lastEventId)).toMatchObject({ epoch: epoch + 1 })
  const back = await studio.watch(away)
  await back.waitUntil(() => back.resyncs === 1)
  await using other = await startTestEnv(studio.nats)
  const there = await other.watch(away)
  await there.waitUntil(() => there.resyncs === 1)
}, 30_000)

test('a client that does not read is not kept in memory: it reads everything again when it is back', async () => {
  await using studio = await startTestEnv()
  const ids = await Promise.all(
    Array.from({ length: 40 }, () => insertRow(sql, WORKSPACE, { prompt: 'a long prompt '.repeat(2_000) })),
  )
  const slow = await studio.watch(undefined, 'stalled')
  const quick = await studio.watch()
  for (let round = 0; round < 12; round++) for (const id of ids) await studio.changeGeneration(id)
  await quick.waitUntil(() => ids.every(id => quick.versions.get(id) === 13))
  expect(quick.resyncs).toBe(0)
  slow.read()
  await slow.waitUntil(() => slow.resyncs > 0)
  await studio.changeGeneration(ids[0] ?? '')
  await slow.waitUntil(() => slow.versions.get(ids[0] ?? '') === 14)
  expect(slow.events).toBeLessThan(12 * 40)
}, 60_000)

type TestNats = Awaited<ReturnType<typeof startTestNats>>

/** Live events on a bus, and clients of them. */
async function startTestEnv(shared?: TestNats, options: { stallCheckMs?: number } = {}) {
  const stack = new AsyncDisposableStack()
  const nats = shared ?? stack.use(await startTestNats())
  const bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  if (!shared) await sql`delete from bus_epoch`
  await sql`delete from outbox`
  const stopping = new AbortController()
  let rows = 0
  const onRead = (count: number) => {
    rows += count
  }
  let received = 0
  const countingBus = {
    ...bus,
    async *consumeEvents(...args: Parameters<typeof bus.consumeEvents>) {
      for await (const event of bus.consumeEvents(...args)) {
        received++
        yield event
      }
    },
  }
  const liveEvents = createLiveEvents({
    database: sql,
    bus: countingBus,
    log,
    maxStreams: 100,
    signal: stopping.signal,
    onRead,
    ...options,
  })
  const running = liveEvents.run()
  stack.defer(async () => {
    stopping.abort()
    await running
  })
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: request => liveEvents.open(WORKSPACE, request.headers.get('last-event-id')),
  })
  stack.defer(async () => void (await server.stop(true)))
  const first = await openSseClient(server.port ?? 0)
  await first.waitUntil(() => first.lastEventId !== '')
  first.close()
  return {
    nats,
    rowsRead: () => rows,
    watch: async (lastEventId?: string, state: 'reading' | 'stalled' = 'reading') => {
      const client = await openSseClient(server.port ?? 0, { lastEventId, state })
      stack.defer(() => client.close())
      return client
    },
    changeGeneration: async (id: string) => {
      await bumpVersion(sql, id)
      await bus.ensureStreams()
      await relayAll({ database: sql, bus })
    },
    /** Until a stream waits for rows that are locked. */
    waitUntilReading: () =>
      waitUntil('a reader', async () => {
        const [row] = await sql`
          select from pg_stat_activity where wait_event_type = 'Lock' and query like '%from generation_documents%'`
        return row !== undefined
      }),
    /** An event without a change, until it has been heard. */
    publishUnchanged: async (id: string) => {
      const before = received
      await bus.publish(generationSubject(WORKSPACE), { v: 1, type: 'generation.changed', id }, crypto.randomUUID())
      await waitUntil('the event', async () => received > before)
    },
    /** The bus is gone with all that was in it, and another one is in its place. */
    restartBus: async () => {
      await nats.killAndWipe()
      await nats.start()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function waitUntil(description: string, condition: () => Promise<boolean>): Promise<void> {
  const late = AbortSignal.timeout(15_000)
  while (!(await condition())) {
    if (late.aborted) throw new Error(`${description} did not come`)
    await Bun.sleep(5)
  }
}
