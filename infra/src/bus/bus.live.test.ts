import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { BusMessage } from '@darkroom/contracts/events'
import { generationSubject, jobConsumerName, jobSubject, STREAMS } from '@darkroom/contracts/subjects'
import { connect, type JetStreamManager, RetentionPolicy } from 'nats'
import { startTestNats, type TestNats } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createLog } from '../log.ts'
import { retry } from '../runtime/retry.ts'
import { RETRY_POLICIES } from '../runtime/retry-policies.ts'
import { withDeadline } from '../runtime/timers.ts'
import { type Bus, connectBus, NotConnectedError, openBus } from './bus.ts'
import type { Delivery, JobConsumer } from './consumer.ts'
import type { Message } from './messages.ts'

const log = createLog({ service: 'test', level: 'silent' })
const forever = new AbortController().signal
/** Long enough that a pause of the test is not taken for a worker's silence. */
const ACK_WAIT_SECONDS = 6
const stack = new AsyncDisposableStack()
let nats: TestNats
let bus: Bus
let manager: JetStreamManager

beforeAll(async () => {
  nats = stack.use(await startTestNats())
  bus = await opened(nats, stack)
  await bus.ensureStreams()
  const { host, username: user, password: pass } = new URL(nats.url)
  const connection = await connect({ servers: host, user, pass })
  stack.defer(() => connection.close())
  manager = await connection.jetstreamManager()
})
afterAll(() => stack.disposeAsync())

test('creates each stream once, under concurrent calls too, and updates a configuration that differs', async () => {
  await manager.streams.update(STREAMS.jobs.name, { max_age: 0 })
  const { created } = await manager.streams.info(STREAMS.jobs.name)
  await Promise.all([bus.ensureStreams(), bus.ensureStreams(), bus.ensureStreams()])
  const after = await manager.streams.info(STREAMS.jobs.name)
  expect(after.created).toBe(created)
  expect(after.config).toMatchObject({ subjects: ['jobs.>'], retention: RetentionPolicy.Limits, storage: 'file' })
  expect(after.config.max_age).toBeGreaterThan(0)
})

test('stores a message that is published twice under one id once', async () => {
  const id = `twice-${crypto.randomUUID()}`
  const subject = generationSubject('twice')
  const first = await bus.publish(subject, changed(), id)
  expect(first).toMatchObject({ stream: STREAMS.events.name, duplicate: false })
  expect(await bus.publish(subject, changed(), id)).toEqual({ ...first, duplicate: true })
  expect((await bus.eventBounds()).last).toBe(first.sequence)
})

test('a pull takes one message and leaves the others to other consumers', async () => {
  const { first, second, sent, pending } = await openTwice('one-each', 3)
  const one = await pull(first)
  expect(await pending()).toEqual({ unacknowledged: 1, undelivered: 2 })
  const two = await pull(second)
  expect(await pending()).toEqual({ unacknowledged: 2, undelivered: 1 })
  expect([idOf(one), idOf(two)]).toEqual(sent.slice(0, 2))
  await Promise.all([one.ack(), two.ack()])
  expect(await pending()).toEqual({ unacknowledged: 0, undelivered: 1 })
})

// Concurrent, because these wait for time to pass, each on its own consumer.
test.concurrent('redelivers after a nak, never after an ack or a term', async () => {
  const { first, second, sent, pending } = await openTwice('endings', 3, ACK_WAIT_SECONDS)
  const [done, wrong, busy] = [await pull(first), await pull(first), await pull(first)]
  await done.ack()
  wrong.term()
  busy.nak(50)
  const again = await pull(second)
  expect(idOf(again)).toBe(sent[2] ?? '')
  await again.ack()
  // Longer than the ack wait, after which a message without an ack would be redelivered.
  expect(await first.next(ACK_WAIT_SECONDS * 1_000 + 500, forever)).toBeNull()
  expect(await pending()).toEqual({ unacknowledged: 0, undelivered: 0 })
})

test.concurrent('redelivers a message whose ack wait has passed, unless its worker reports progress', async () => {
  const { first, second, sent } = await openTwice('silence', 2, ACK_WAIT_SECONDS)
  const [silent, busy] = [await pull(first), await pull(first)]
  const working = setInterval(() => busy.working(), 200)
  const again = await pull(second)
  expect(idOf(again)).toBe(sent[0] ?? '')
  await again.ack()
  expect(await second.next(1_200, forever)).toBeNull()
  clearInterval(working)
  await busy.ack()
  // JetStream accepts the late ack of the silent worker, which is why the fence is in the row.
  await silent.ack()
})

test.concurrent('a pull on a deleted consumer throws', async () => {
  const { first, consumer } = await openTwice('gone', 0)
  await manager.consumers.delete(STREAMS.jobs.name, consumer)
  await expect(first.next(60_000, forever)).rejects.toThrow()
})

test.concurrent('a pull without messages returns null, and the next one works', async () => {
  const { first, publish } = await openTwice('empty', 0)
  expect(await first.next(1_000, forever)).toBeNull()
  const sent = await publish()
  expect(idOf(await pull(first))).toBe(sent)
})

test('an aborted pull returns at once, and a message that it still receives is redelivered', async () => {
  const { first, second, publish } = await openTwice('called-off', 0, 60)
  const controller = new AbortController()
  const pulling = first.next(30_000, controller.signal)
  controller.abort()
  expect(await pulling).toBeNull()
  expect(await first.next(30_000, AbortSignal.abort())).toBeNull()
  const sent = await publish()
  // Both aborted pulls are queued before this one.
  const delivery = await pull(second)
  expect(idOf(delivery)).toBe(sent)
  await delivery.ack()
})

test('delivers a message that is not JSON without data', async () => {
  const { first, publishText } = await openTwice('garbage', 0)
  await publishText('{"v":1,')
  const delivery = await pull(first)
  expect(delivery.data).toBeUndefined()
  delivery.term()
})

test('delivers events in order, from a sequence or from now on', async () => {
  const subject = generationSubject('events')
  const sent: number[] = []
  for (let at = 0; at < 5; at++) sent.push((await bus.publish(subject, changed(), crypto.randomUUID())).sequence)
  await using fromThird = await listen({ sequence: sent[2] ?? 0 })
  expect(await fromThird.first(3)).toMatchObject(sent.slice(2).map(sequence => ({ sequence, subject, data: { v: 1 } })))
  await using fromNow = await listen('new')
  const { sequence } = await bus.publish(subject, changed(), crypto.randomUUID())
  expect(await fromNow.first(1)).toMatchObject([{ sequence }])
  expect(await fromThird.first(4)).toMatchObject([{}, {}, {}, { sequence }])
})

test.concurrent.each(['SIGKILL', 'SIGSTOP'] as const)(
  'consuming ends by an error after %s to the server',
  async fault => {
    await using disposal = new AsyncDisposableStack()
    const server = disposal.use(await startTestNats())
    const bus = await opened(server, disposal)
    await bus.ensureStreams()
    const consume = (sequence: number, delivered: (event: Message) => void) =>
      (async () => {
        for await (const event of bus.consumeEvents({ sequence }, forever)) delivered(event)
      })()
    const first = Promise.withResolvers<Message>()
    const consuming = consume(1, first.resolve)
    const ended = consuming.then(
      () => 'ended',
      (error: Error) => error.message,
    )
    await bus.publish(generationSubject('w'), changed(), 'a')
    expect((await first.promise).id).toBe('a')
    process.kill(server.pid, fault)
    disposal.defer(() => void (fault === 'SIGSTOP' && process.kill(server.pid, 'SIGCONT')))
    expect(await withDeadline(ended, { milliseconds: 60_000, operation: 'the end' })).toContain('is lost')
    if (fault === 'SIGKILL') await server.kill().then(() => server.start())
    else process.kill(server.pid, 'SIGCONT')
    await until(() => bus.isConnected())
    await retry(() => bus.publish(generationSubject('w'), changed(), 'b'), {
      policy: RETRY_POLICIES.subscription,
      signal: forever,
    })
    const second = Promise.withResolvers<Message>()
    void consume(2, second.resolve).catch(() => {})
    expect(await second.promise).toMatchObject({ id: 'b', sequence: 2 })
  },
)

test('an abort ends the events, also before the first', async () => {
  const controller = new AbortController()
  const collecting = Array.fromAsync(bus.consumeEvents('new', controller.signal))
  controller.abort()
  expect(await collecting).toEqual([])
  expect(await Array.fromAsync(bus.consumeEvents('new', AbortSignal.abort()))).toEqual([])
})

test('reconnects after the server was killed, and keeps its streams', async () => {
  await using disposal = new AsyncDisposableStack()
  const server = disposal.use(await startTestNats())
  const bus = await opened(server, disposal)
  await bus.ensureStreams()
  expect([bus.isConnected(), bus.serverVersion()]).toEqual([true, expect.stringMatching(/^2\.\d+/)])
  await bus.publish(generationSubject('w'), changed(), 'a')
  await server.kill()
  await until(() => !bus.isConnected())
  await server.start()
  await until(() => bus.isConnected())
  expect(await bus.publish(generationSubject('w'), changed(), 'b')).toMatchObject({ sequence: 2, duplicate: false })
})

test('rejects requests before the first connection, and connects when the server starts', async () => {
  await using server = await startTestNats()
  await server.stop()
  const early = connectBus({ url: server.url, name: 'test', log })
  await using _ = { [Symbol.asyncDispose]: () => early.close() }
  const requests = [
    early.ensureStreams(),
    early.publish(generationSubject('w'), changed(), 'a'),
    early.consumer({ name: 'c', subject: jobSubject('p'), ackWaitSeconds: 1 }),
    early.eventBounds(),
  ]
  const results = await Promise.allSettled(requests)
  for (const result of results) expect(result).toMatchObject({ reason: expect.any(NotConnectedError) })
  expect(() => early.consumeEvents('new', forever)).toThrow(NotConnectedError)
  expect([early.isConnected(), early.serverVersion()]).toEqual([false, 'unknown'])
  await server.start()
  await early.connected
  await early.ensureStreams()
  expect(early.isConnected()).toBe(true)
  expect(await early.publish(generationSubject('w'), changed(), 'a')).toMatchObject({ sequence: 1 })
})

test('can be drained before the first connection', async () => {
  await using server = await startTestNats()
  await server.stop()
  const bus = connectBus({ url: server.url, name: 'test', log })
  await bus.drain()
  await bus.connected
  expect(bus.isConnected()).toBe(false)
})

async function opened(server: TestNats, disposal: AsyncDisposableStack): Promise<Bus> {
  const opened = await openBus({ url: server.url, name: 'test', log })
  disposal.defer(() => opened.close())
  return opened
}

function changed(): BusMessage {
  return { v: 1, type: 'generation.changed', id: crypto.randomUUID() }
}

/** Opens one consumer twice and publishes `messages` messages to it. */
async function openTwice(provider: string, messages: number, ackWaitSeconds = 1) {
  const [consumer, subject] = [jobConsumerName(provider), jobSubject(provider)]
  const open = () => bus.consumer({ name: consumer, subject, ackWaitSeconds })
  const [first, second] = [await open(), await open()]
  const publish = async () => {
    const id = crypto.randomUUID()
    await bus.publish(subject, { v: 1, type: 'generation.queued', id }, id)
    return id
  }
  const publishText = async (text: string) => {
    const { host, username: user, password: pass } = new URL(nats.url)
    const connection = await connect({ servers: host, user, pass })
    await connection.jetstream().publish(subject, text)
    await connection.close()
  }
  const pending = async () => {
    const { num_ack_pending, num_pending } = await manager.consumers.info(STREAMS.jobs.name, consumer)
    return { unacknowledged: num_ack_pending, undelivered: num_pending }
  }
  const sent: string[] = []
  for (let at = 0; at < messages; at++) sent.push(await publish())
  return { first, second, consumer, publish, publishText, pending, sent }
}

async function pull(consumer: JobConsumer): Promise<Delivery> {
  const delivery = await consumer.next(60_000, forever)
  if (!delivery) throw new Error('no message was delivered')
  return delivery
}

function idOf(delivery: Delivery): string {
  return (delivery.data as { id: string }).id
}

/** Collects events in the background, once there is a consumer for them. */
async function listen(from: { sequence: number } | 'new', source: Pick<Bus, 'consumeEvents'> = bus) {
  const controller = new AbortController()
  const received: Message[] = []
  const consumersBefore = await countConsumers()
  const listening = (async () => {
    for await (const event of source.consumeEvents(from, controller.signal)) received.push(event)
  })()
  await until(async () => (await countConsumers()) > consumersBefore)
  return {
    first: async (count: number) => {
      await until(() => received.length >= count)
      return received.slice(0, count)
    },
    [Symbol.asyncDispose]: async () => {
      controller.abort()
      await listening
    },
  }
}

async function countConsumers(): Promise<number> {
  return (await manager.streams.info(STREAMS.events.name)).state.consumer_count
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await waitFor('The condition', 60_000, async () => await isSo(), 5)
}

test('a transient message reaches those who are subscribed at the time, and a subscription ends with its signal', async () => {
  const [ended, subject] = [new AbortController(), 'previews.transient']
  const received: unknown[] = []
  await bus.publishTransient(subject, 'before')
  await bus.subscribeTransient('previews.*', message => received.push(message), ended.signal)
  await bus.publishTransient(subject, { sequence: 1 })
  await bus.publishTransient(subject)
  await waitFor('both messages', 60_000, async () => received.length === 2)
  ended.abort()
  await bus.publishTransient(subject, 'after')
  expect(received).toEqual([
    { subject, data: { sequence: 1 } },
    { subject, data: undefined },
  ])
  // More than the server takes: refused, and the connection stays.
  await expect(bus.publishTransient(subject, 'x'.repeat(70_000))).rejects.toThrow()
  await bus.publishTransient(subject, 'small')
})
