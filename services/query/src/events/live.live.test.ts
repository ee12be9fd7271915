import { afterAll, beforeAll, expect, test } from 'bun:test'
import { generationSubject } from '@darkroom/contracts/subjects'
import { type Bus, openBus } from '@darkroom/infra/bus/bus'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { relayAll } from '@darkroom/infra/database/outbox'
import { transaction } from '@darkroom/infra/database/transaction'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { purgeLocked } from '@darkroom/infra/generations/purge'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase, startTestNats } from '@darkroom/infra/testing/test-resources'
import { insertRow } from '../rows.fixture.ts'
import { createLiveEvents, type LiveEventsDeps } from './live.ts'
import { openSseClient } from './sse.fixture.ts'
import { parseEventId } from './stream-position.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
const WORKSPACE = crypto.randomUUID()
let sql: Database
let url: string

beforeAll(async () => {
  url = stack.use(await createTestDatabase()).url
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

test('reads a changed row once per event for any number of clients', async () => {
  await using env = await startTestEnv()
  const clients = await Promise.all(Array.from({ length: 50 }, () => env.watch()))
  const id = await insertRow(sql, WORKSPACE)
  for (let change = 0; change < 5; change++) await env.changeGeneration(id)
  for (const client of clients) await client.waitUntil(() => client.versions.get(id) === 6)
  expect(env.rowsRead()).toBeLessThanOrEqual(5)
})

test('replays each missed generation once, in its current version, also from another process', async () => {
  await using env = await startTestEnv()
  const [often, once, before] = [
    await insertRow(sql, WORKSPACE),
    await insertRow(sql, WORKSPACE),
    await insertRow(sql, WORKSPACE),
  ]
  const client = await env.watch()
  await env.changeGeneration(before)
  await client.waitUntil(() => client.versions.has(before))
  const lastEventId = client.lastEventId
  client.close()
  for (let change = 0; change < 3; change++) await env.changeGeneration(often)
  await env.changeGeneration(once)
  await using other = await startTestEnv(env.nats)
  for (const instance of [env, other]) {
    const back = await instance.watch(lastEventId)
    await back.waitUntil(() => back.versions.size === 2)
    expect([...back.versions]).toEqual([
      [often, 4],
      [once, 2],
    ])
    expect([back.resyncs, back.events]).toEqual([0, 2])
  }
})

test('says which generations are purged, also to a client that was away', async () => {
  await using env = await startTestEnv()
  const [shown, purged, later] = [
    await insertRow(sql, WORKSPACE),
    await insertRow(sql, WORKSPACE),
    await insertRow(sql, WORKSPACE),
  ]
  const client = await env.watch()
  await env.changeGeneration(shown)
  await client.waitUntil(() => client.versions.has(shown))
  const { lastEventId } = client
  for (const id of [purged, later]) {
    await transaction(sql, tx => purgeLocked(tx, [{ id, workspaceId: WORKSPACE }]))
    await env.relay()
    await client.waitUntil(() => client.removed.includes(id))
  }
  expect([client.removed, client.resyncs]).toEqual([[purged, later], 0])
  client.close()
  const back = await env.watch(lastEventId)
  await back.waitUntil(() => back.removed.length === 2)
  expect([back.removed.toSorted(), back.resyncs]).toEqual([[purged, later].toSorted(), 0])
})

test('delivers changes that happen during a catch-up, without a resync', async () => {
  await using env = await startTestEnv()
  const [missed, meanwhile] = [await insertRow(sql, WORKSPACE), await insertRow(sql, WORKSPACE)]
  const client = await env.watch()
  await env.changeGeneration(meanwhile)
  await client.waitUntil(() => client.versions.has(meanwhile))
  const { lastEventId } = client
  await env.changeGeneration(missed)
  const opening = await transaction(sql, async tx => {
    await tx`lock table generation_documents in access exclusive mode`
    const back = env.watch(lastEventId)
    // Its read of the missed changes waits for the lock; these events arrive before that read has returned.
    await env.waitUntilReading()
    for (let event = 0; event < 3; event++) await env.publishUnchanged(meanwhile)
    return { back }
  })
  const back = await opening.back
  await back.waitUntil(() => back.versions.has(missed) && back.versions.has(meanwhile))
  await env.changeGeneration(missed)
  await back.waitUntil(() => back.versions.get(missed) === 3)
  expect(back.resyncs).toBe(0)
})

test('sends a resync for an event id that is unknown, too old or invalid', async () => {
  await using env = await startTestEnv()
  const id = await insertRow(sql, WORKSPACE)
  await env.changeGeneration(id)
  for (const lastEventId of ['7.1', '1.99999', 'garbage', '1', '1.-1', '1.1.1', '', ' ', '1e3.1', '01a20592']) {
    const client = await env.watch(lastEventId)
    await client.waitUntil(() => client.resyncs === 1)
    await env.changeGeneration(id)
    await client.waitUntil(() => client.versions.has(id))
    client.close()
  }
})

test('sends no resync while the stream is empty', async () => {
  await using env = await startTestEnv(undefined, { stallCheckMs: 20 })
  const client = await env.watch()
  // Many times the stall check interval.
  await Bun.sleep(1_000)
  const id = await insertRow(sql, WORKSPACE)
  await env.changeGeneration(id)
  await client.waitUntil(() => client.versions.has(id))
  expect(client.resyncs).toBe(0)
})

test('begins a new epoch when the bus loses its store: connected and reconnecting clients get a resync', async () => {
  await using env = await startTestEnv()
  const [id, client] = [await insertRow(sql, WORKSPACE), await env.watch()]
  for (let change = 0; change < 3; change++) await env.changeGeneration(id)
  await client.waitUntil(() => client.versions.get(id) === 4)
  const oldEventId = client.lastEventId
  const { epoch } = parseEventId(oldEventId) ?? { epoch: 0 }
  await env.restartBus()
  await client.waitUntil(() => client.resyncs === 1)
  expect(parseEventId(client.lastEventId)).toEqual({ epoch: epoch + 1, sequence: 0 })
  // Beyond the old stream's last sequence: a position of the old epoch must not match one of the new epoch.
  for (let change = 0; change < 5; change++) await env.changeGeneration(id)
  await client.waitUntil(() => client.versions.get(id) === 9)
  expect(parseEventId(client.lastEventId)).toMatchObject({ epoch: epoch + 1 })
  const back = await env.watch(oldEventId)
  await back.waitUntil(() => back.resyncs === 1)
  await using other = await startTestEnv(env.nats)
  const elsewhere = await other.watch(oldEventId)
  await elsewhere.waitUntil(() => elsewhere.resyncs === 1)
})

test('drops the queue of a client that does not read, and sends it a resync when it reads again', async () => {
  // The changes take long on a busy machine, and the client is not to be dropped.
  const stallLimits = { fullMs: 600_000, waitingMs: 600_000 }
  await using env = await startTestEnv(undefined, { stallLimits })
  const ids = await Promise.all(
    Array.from({ length: 40 }, () => insertRow(sql, WORKSPACE, { prompt: 'a long prompt '.repeat(2_000) })),
  )
  const slow = await env.watch(undefined, 'stalled')
  const quick = await env.watch()
  for (let change = 0; change < 12; change++) for (const id of ids) await env.changeGeneration(id)
  await quick.waitUntil(() => ids.every(id => quick.versions.get(id) === 13))
  expect(quick.resyncs).toBe(0)
  slow.read()
  await slow.waitUntil(() => slow.resyncs > 0)
  await env.changeGeneration(ids[0] ?? '')
  await slow.waitUntil(() => slow.versions.get(ids[0] ?? '') === 14)
  expect(slow.events).toBeLessThan(12 * 40)
})

test('drops a client that reads nothing once its queue was full for too long, and its connection with it', async () => {
  let dropped = 0
  const onDropped = (clients: number) => {
    dropped += clients
  }
  const stallLimits = { fullMs: 300, waitingMs: 600_000 }
  await using env = await startTestEnv(undefined, { pingMs: 50, stallLimits, onDropped })
  const ids = await Promise.all(
    Array.from({ length: 40 }, () => insertRow(sql, WORKSPACE, { prompt: 'a long prompt '.repeat(2_000) })),
  )
  await env.watch(undefined, 'stalled')
  const quick = await env.watch()
  for (let change = 2; dropped === 0; change++) {
    for (const id of ids) await env.changeGeneration(id)
    await quick.waitUntil(() => ids.every(id => quick.versions.get(id) === change))
  }
  // The rest of its bytes are in the buffers of the connection: it is closed although they were not read.
  await waitUntil('the connection to be closed', async () => env.countConnections() === 1)
  expect([dropped, env.countStreams(), quick.resyncs]).toEqual([1, 1, 0])
})

type TestNats = Awaited<ReturnType<typeof startTestNats>>

function countEvents(bus: Bus, onEvent: () => void): Bus {
  return {
    ...bus,
    async *consumeEvents(...args) {
      for await (const event of bus.consumeEvents(...args)) {
        onEvent()
        yield event
      }
    },
  }
}

/** Opens a bus that publishes, for which it has the streams, and one with the user of query. */
async function openBuses(nats: Pick<TestNats, 'url' | 'urls'>, stack: AsyncDisposableStack) {
  const bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  // The services that publish create the streams.
  const ensureStreams = () => bus.ensureStreams().catch(() => {})
  await ensureStreams()
  stack.defer(bus.onConnect(ensureStreams))
  const queryBus = await openBus({ url: nats.urls.query, name: 'query', service: 'query', log })
  stack.defer(() => queryBus.close())
  return { bus, queryBus }
}

/** Starts live events on a bus, with an HTTP server for clients. */
async function startTestEnv(shared?: TestNats, options: Partial<LiveEventsDeps> = {}) {
  const stack = new AsyncDisposableStack()
  const nats = shared ?? stack.use(await startTestNats())
  const { bus, queryBus } = await openBuses(nats, stack)
  if (!shared) await sql`delete from bus_epoch`
  await sql`delete from outbox`
  const stopping = new AbortController()
  let rows = 0
  const onRead = (count: number) => {
    rows += count
  }
  let received = 0
  const countingBus = countEvents(queryBus, () => {
    received++
  })
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
    fetch: (request, server) =>
      liveEvents.open({ workspaceId: WORKSPACE, admin: false }, request.headers.get('last-event-id'), () =>
        server.timeout(request, 1),
      ),
  })
  stack.defer(async () => void (await server.stop(true)))
  const first = await openSseClient(server.port ?? 0)
  await first.waitUntil(() => first.lastEventId !== '')
  first.close()
  return {
    nats,
    rowsRead: () => rows,
    countConnections: () => server.pendingRequests,
    countStreams: liveEvents.countStreams,
    watch: async (lastEventId?: string, state: 'reading' | 'stalled' = 'reading') => {
      const client = await openSseClient(server.port ?? 0, { lastEventId, state })
      stack.defer(() => client.close())
      return client
    },
    relay: () => publishOutbox(bus),
    changeGeneration: async (id: string) => {
      await bumpVersion(sql, { id, workspaceId: WORKSPACE })
      await publishOutbox(bus)
    },
    /** Waits until a statement of a stream is blocked by a lock. */
    waitUntilReading: () =>
      waitUntil('blocked reader', async () => {
        const [row] = await sql`
          select from pg_stat_activity where wait_event_type = 'Lock' and query like '%from generation_documents%'`
        return row !== undefined
      }),
    /** Publishes an event without a change, and waits until it was received. */
    publishUnchanged: async (id: string) => {
      const before = received
      await bus.publish(generationSubject(WORKSPACE), { v: 1, type: 'generation.changed', id }, crypto.randomUUID())
      await waitUntil('event', async () => received > before)
    },
    /** Restarts the bus with an empty store. */
    restartBus: async () => {
      await nats.killAndWipe()
      await nats.start()
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function publishOutbox(bus: Bus): Promise<void> {
  await bus.ensureStreams()
  await relayAll({ database: sql, bus })
}

async function waitUntil(description: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
  while (!(await condition())) {
    if (deadline.aborted) throw new Error(`no ${description} within a minute`)
    await Bun.sleep(5)
  }
}
