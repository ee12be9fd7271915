import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import type { BusMessage } from '@darkroom/contracts/events'
import { generationSubject, STREAMS } from '@darkroom/contracts/subjects'
import { connect } from 'nats'
import { startProxy } from '../../testing/net-proxy.ts'
import { createTestDatabase, startTestNats, type TestNats } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { type Bus, openBus } from '../bus/bus.ts'
import { WORKSPACE } from '../generations/generation.fixture.ts'
import { createLog, type Log } from '../log.ts'
import { type Activity, followActivity } from './activity.ts'
import { type Database, openDatabase } from './connection.ts'
import { enqueueMessage, relayAll, runRelay } from './outbox.ts'
import { transaction } from './transaction.ts'

type RelayActivity = Pick<Activity, 'isQuiet' | 'wait' | 'subscribe' | 'reportMissed'>

const log = createLog({ service: 'test', level: 'silent' })
const subject = generationSubject(WORKSPACE)
const stack = new AsyncDisposableStack()
let nats: TestNats
let bus: Bus
let sql: Database
let url: string

beforeAll(async () => {
  nats = stack.use(await startTestNats())
  bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  url = stack.use(await createTestDatabase()).url
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

beforeEach(async () => {
  await sql`truncate outbox, bus_epoch`
  await replaceStreams()
})

test('publishes the messages of a committed transaction once, unchanged', async () => {
  const messages = [changed(), changed()]
  await transaction(sql, async tx => {
    for (const message of messages) await enqueueMessage(tx, subject, message, WORKSPACE)
  })
  expect(await published()).toEqual([])
  await relayAll({ database: sql, bus })
  await relayAll({ database: sql, bus })
  expect(await published()).toEqual(messages)
  expect(await waiting()).toBe(0)
})

test('never publishes the messages of a transaction that was rolled back', async () => {
  const attempt = transaction(sql, async tx => {
    await enqueueMessage(tx, subject, changed(), WORKSPACE)
    throw new Error('rolled back')
  })
  await expect(attempt).rejects.toThrow('rolled back')
  await relayAll({ database: sql, bus })
  expect(await published()).toEqual([])
})

test('publishes more messages than fit in one batch', async () => {
  const messages = await enqueueMany(150)
  await relayAll({ database: sql, bus })
  expect((await published()).toSorted(byId)).toEqual(messages.toSorted(byId))
})

test('publishes again after a lost acknowledgement, and the bus discards the duplicate', async () => {
  const messages = await enqueueMany(3)
  const disconnected: Bus = {
    ...bus,
    publish: async (...message) => {
      await bus.publish(...message)
      throw new Error('the connection broke before the acknowledgement came')
    },
  }
  await expect(relayAll({ database: sql, bus: disconnected })).rejects.toThrow('broke')
  expect([(await published()).length, await waiting()]).toEqual([3, 3])
  await relayAll({ database: sql, bus })
  expect((await published()).toSorted(byId)).toEqual(messages.toSorted(byId))
  expect([await waiting(), await epoch()]).toEqual([0, 1])
})

test('a new message wakes a relay before its next poll', async () => {
  await using _ = run({ pollMs: 600_000 })
  // The first message may have been there at the first poll; the others cannot.
  for (const count of [1, 2, 3]) {
    await enqueueMany(1)
    await until(async () => (await waiting()) === 0)
    expect(await published()).toHaveLength(count)
  }
})

test('a relay whose connection was terminated listens again, and publishes the messages that it missed', async () => {
  await using _ = run({ pollMs: 600_000 })
  await until(async () => (await listeners()) === 1)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' and pid <> pg_backend_pid()`
  for (const count of [1, 2, 3]) {
    await enqueueMany(1)
    await until(async () => (await waiting()) === 0)
    expect(await published()).toHaveLength(count)
  }
})

test('a relay without notifications polls', async () => {
  await using _ = run({ pollMs: 20 })
  for (let time = 0; time < 3; time++) {
    await sql`insert into outbox (subject, payload) values (${subject}, ${sql.json(changed())})`
    await until(async () => (await waiting()) === 0)
  }
})

test('a relay in a quiet studio does not poll, and reports a message that was not notified', async () => {
  const woken = Promise.withResolvers<void>()
  const polled = Promise.withResolvers<void>()
  let missed = 0
  const wait = async (_: number, signal: AbortSignal) => {
    polled.resolve()
    await Promise.race([woken.promise, new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))])
  }
  const reportMissed = () => {
    missed += 1
  }
  const activity: RelayActivity = { isQuiet: () => missed === 0, wait, subscribe: () => () => {}, reportMissed }
  await using _ = run({ pollMs: 1, activity })
  await polled.promise
  await enqueueMany(1)
  expect(await waiting()).toBe(1)
  woken.resolve()
  await until(async () => (await waiting()) === 0)
  expect(missed).toBe(1)
})

test('publishes the messages of an outage of the bus once', async () => {
  await using _ = run({ pollMs: 50 })
  const before = await enqueueMany(2)
  await until(async () => (await waiting()) === 0)
  await nats.kill()
  const meanwhile = await enqueueMany(2)
  await nats.start()
  await until(async () => (await waiting()) === 0)
  expect((await published()).toSorted(byId)).toEqual([...before, ...meanwhile].toSorted(byId))
})

test('two relays share the messages without waiting for each other, and publish none twice', async () => {
  const messages = await enqueueMany(100)
  const slow = gated()
  const first = relayAll({ database: sql, bus: slow.bus })
  await slow.isWaiting
  const calls: string[] = []
  const counting: Bus = {
    ...bus,
    publish: (...message) => {
      calls.push(message[2])
      return bus.publish(...message)
    },
  }
  await relayAll({ database: sql, bus: counting })
  expect(calls).toHaveLength(36)
  slow.open()
  await first
  expect((await published()).toSorted(byId)).toEqual(messages.toSorted(byId))
})

test('crossing acknowledgements of two relays do not raise the epoch', async () => {
  await enqueueMany(64)
  const slow = gated()
  const first = relayAll({ database: sql, bus: slow.bus })
  await slow.isWaiting
  await enqueueMany(3)
  await relayAll({ database: sql, bus })
  slow.open()
  await first
  expect([await epoch(), await highest()]).toEqual([1, 67])
})

test('the epoch rises once when the stream restarts, and not otherwise', async () => {
  for (let round = 1; round <= 3; round++) {
    await enqueueMany(round)
    await relayAll({ database: sql, bus })
    expect([await epoch(), await highest()]).toEqual([1, (round * (round + 1)) / 2])
  }
  await replaceStreams()
  await enqueueMany(2)
  await relayAll({ database: sql, bus })
  expect([await epoch(), await highest()]).toEqual([2, 2])
  await enqueueMany(1)
  await relayAll({ database: sql, bus })
  expect([await epoch(), await highest()]).toEqual([2, 3])
})

test('the epoch rises once when two relays see the same restart', async () => {
  await enqueueMany(100)
  await relayAll({ database: sql, bus })
  await replaceStreams()
  await enqueueMany(64)
  const slow = gated()
  const first = relayAll({ database: sql, bus: slow.bus })
  await slow.isWaiting
  await enqueueMany(1)
  await relayAll({ database: sql, bus })
  slow.open()
  await first
  expect(await epoch()).toBe(2)
})

test('creates the streams of a bus that lost its store, and publishes the messages that wait', async () => {
  await deleteStreams()
  await using _ = run({ pollMs: 50 })
  await enqueueMany(2)
  await until(async () => (await waiting()) === 0)
  expect(await published()).toHaveLength(2)
})

test('a relay that cannot reach the database at its start goes on once it can, woken by notifications', async () => {
  await using proxy = await startProxy(Number(new URL(url).port))
  proxy.setFault({ kind: 'black-hole' })
  const failed = Promise.withResolvers<void>()
  const noted = {
    warn: (_: object, event: string) => event === 'activity_listener_failed' && failed.resolve(),
    error() {},
  }
  const database = openDatabase({ url: proxy.urlThrough(url), name: 'test', log })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => database.end({ timeout: 1 }))
  stack.use(run({ pollMs: 600_000, database, url: proxy.urlThrough(url), log: noted as never }))
  await failed.promise
  proxy.setFault({ kind: 'none' })
  await until(async () => (await listeners()) === 1)
  await enqueueMany(1)
  await until(async () => (await waiting()) === 0)
  expect(await published()).toHaveLength(1)
})

test('a relay that is stopped releases its connection', async () => {
  const relay = run({ pollMs: 600_000 })
  await until(async () => (await listeners()) === 1)
  await relay[Symbol.asyncDispose]()
  await until(async () => (await listeners()) === 0)
})

function changed(): BusMessage {
  return { v: 1, type: 'generation.changed', id: crypto.randomUUID() }
}

async function enqueueMany(count: number): Promise<BusMessage[]> {
  const messages = Array.from({ length: count }, changed)
  await transaction(sql, async tx => {
    for (const message of messages) await enqueueMessage(tx, subject, message, WORKSPACE)
  })
  return messages
}

function byId(one: BusMessage, other: BusMessage): number {
  return one.id < other.id ? -1 : 1
}

/** Returns every message of the stream of events. */
async function published(): Promise<BusMessage[]> {
  const { last } = await bus.eventBounds()
  if (last === 0) return []
  const messages: BusMessage[] = []
  for await (const event of bus.consumeEvents({ sequence: 1 }, AbortSignal.timeout(60_000))) {
    expect(event.subject).toBe(subject)
    messages.push(event.data as BusMessage)
    if (event.sequence === last) break
  }
  return messages
}

async function waiting(): Promise<number> {
  return (await sql`select from outbox where published_at is null`).length
}

async function epoch(): Promise<number | undefined> {
  return (await sql<{ epoch: number }[]>`select epoch from bus_epoch where stream = ${STREAMS.events.name}`)[0]?.epoch
}

async function highest(): Promise<number | undefined> {
  const rows = await sql<
    { at: number }[]
  >`select highest_sequence as at from bus_epoch where stream = ${STREAMS.events.name}`
  return rows[0]?.at
}

async function listeners(): Promise<number> {
  return (await sql`select from pg_stat_activity where query ilike 'listen%' and datname = current_database()`).length
}

/** Runs a relay in the background until it is disposed of. */
function run(options: {
  pollMs: number
  database?: Database
  url?: string
  log?: Log
  activity?: RelayActivity
}): AsyncDisposable {
  const controller = new AbortController()
  const common = { database: sql, log, ...options, signal: controller.signal }
  const followed = options.activity ?? followActivity({ url, name: 'test-activity', ...common })
  const relaying = runRelay({ bus, ...common, activity: followed })
  return {
    [Symbol.asyncDispose]: async () => {
      controller.abort()
      await Promise.all([relaying, 'closed' in followed && followed.closed])
    },
  }
}

/** Returns the bus with acknowledgements that are delayed until `open` is called. */
function gated() {
  const gate = Promise.withResolvers<void>()
  const acknowledged = Promise.withResolvers<void>()
  const publish: Bus['publish'] = async (...message) => {
    const acknowledgement = await bus.publish(...message)
    acknowledged.resolve()
    await gate.promise
    return acknowledgement
  }
  return { bus: { ...bus, publish }, isWaiting: acknowledged.promise, open: gate.resolve }
}

async function deleteStreams(): Promise<void> {
  const { host, username: user, password: pass } = new URL(nats.url)
  const connection = await connect({ servers: host, user, pass })
  const manager = await connection.jetstreamManager()
  for (const { name } of Object.values(STREAMS)) await manager.streams.delete(name).catch(() => {})
  await connection.close()
}

async function replaceStreams(): Promise<void> {
  await deleteStreams()
  await bus.ensureStreams()
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  await waitFor('The condition', 60_000, async () => await isSo(), 5)
}
