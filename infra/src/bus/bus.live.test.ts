import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { BusMessage } from '@darkroom/contracts/events'
import { generationSubject, jobConsumerName, jobSubject, STREAMS } from '@darkroom/contracts/subjects'
import { connect, type JetStreamManager, RetentionPolicy } from 'nats'
import { startTestNats, type TestNats } from '../../testing/test-resources.ts'
import { createLog } from '../log.ts'
import { type Bus, connectBus, NotConnectedError, openBus } from './bus.ts'
import type { Delivery, JobConsumer } from './consumer.ts'
import type { Message } from './messages.ts'

const log = createLog({ service: 'test', level: 'silent' })
const forever = new AbortController().signal
// On a busy machine the start of a server takes its time.
const START_MS = 60_000
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
}, START_MS)
afterAll(() => stack.disposeAsync())

test('the streams are made once, whoever asks and however often, and changed where they differ', async () => {
  await manager.streams.update(STREAMS.jobs.name, { max_age: 0 })
  const { created } = await manager.streams.info(STREAMS.jobs.name)
  await Promise.all([bus.ensureStreams(), bus.ensureStreams(), bus.ensureStreams()])
  const after = await manager.streams.info(STREAMS.jobs.name)
  expect(after.created).toBe(created)
  expect(after.config).toMatchObject({ subjects: ['jobs.>'], retention: RetentionPolicy.Limits, storage: 'file' })
  expect(after.config.max_age).toBeGreaterThan(0)
})

test('a message that is published twice under one id is there once', async () => {
  const id = `twice-${crypto.randomUUID()}`
  const subject = generationSubject('twice')
  const first = await bus.publish(subject, changed(), id)
  expect(first).toMatchObject({ stream: STREAMS.events.name, duplicate: false })
  expect(await bus.publish(subject, changed(), id)).toEqual({ ...first, duplicate: true })
  expect((await bus.eventBounds()).last).toBe(first.sequence)
})

test('a pull takes one message and leaves the others to whoever has a slot free', async () => {
  const { mine, theirs, sent, pending } = await twoOn('one-each', 3)
  const first = await taken(mine)
  expect(await pending()).toEqual({ held: 1, waiting: 2 })
  const second = await taken(theirs)
  expect(await pending()).toEqual({ held: 2, waiting: 1 })
  expect([idOf(first), idOf(second)]).toEqual(sent.slice(0, 2))
  await Promise.all([first.ack(), second.ack()])
  expect(await pending()).toEqual({ held: 0, waiting: 1 })
})

// Side by side, because these wait for time to pass, each on a lane of its own.
test.concurrent('what is acknowledged or discarded never comes again, what is put off comes again later', async () => {
  const { mine, theirs, sent, pending } = await twoOn('endings', 3)
  const [done, wrong, busy] = [await taken(mine), await taken(mine), await taken(mine)]
  await done.ack()
  wrong.term()
  busy.nak(50)
  const again = await taken(theirs)
  expect(idOf(again)).toBe(sent[2] ?? '')
  await again.ack()
  // As long as a message that was not heard to end would take to come again, and longer.
  expect(await mine.next(1_500, forever)).toBeNull()
  expect(await pending()).toEqual({ held: 0, waiting: 0 })
})

test.concurrent('a message whose worker fell silent goes to another; one whose worker says that it works does not', async () => {
  const { mine, theirs, sent } = await twoOn('silence', 2)
  const [silent, busy] = [await taken(mine), await taken(mine)]
  const working = setInterval(() => busy.working(), 200)
  const again = await taken(theirs)
  expect(idOf(again)).toBe(sent[0] ?? '')
  await again.ack()
  expect(await theirs.next(1_200, forever)).toBeNull()
  clearInterval(working)
  await busy.ack()
  // The one who fell silent does not know; JetStream takes its word, which is why the fence is in the row.
  await silent.ack()
})

test.concurrent('a lane whose consumer is gone says so', async () => {
  const { mine, consumer } = await twoOn('gone', 0)
  await manager.consumers.delete(STREAMS.jobs.name, consumer)
  await expect(mine.next(1_000, forever)).rejects.toThrow()
})

test.concurrent('a lane on which there is nothing says so too, and goes on', async () => {
  const { mine, publish } = await twoOn('empty', 0)
  expect(await mine.next(1_000, forever)).toBeNull()
  const sent = await publish()
  expect(idOf(await taken(mine))).toBe(sent)
})

test('a pull that is called off returns at once, and what it still brings goes back', async () => {
  const { mine, theirs, publish } = await twoOn('called-off', 0, 60)
  const controller = new AbortController()
  const pulling = mine.next(30_000, controller.signal)
  controller.abort()
  expect(await pulling).toBeNull()
  expect(await mine.next(30_000, AbortSignal.abort())).toBeNull()
  const sent = await publish()
  // Both pulls that were called off are before this one in the line.
  const delivery = await taken(theirs)
  expect(idOf(delivery)).toBe(sent)
  await delivery.ack()
})

test('what is not JSON is no message, and does not stop a lane', async () => {
  const { mine, publishText } = await twoOn('garbage', 0)
  await publishText('{"v":1,')
  const delivery = await taken(mine)
  expect(delivery.data).toBeUndefined()
  delivery.term()
})

test('notices come in their order, from the place that was asked for or from now on', async () => {
  const subject = generationSubject('notices')
  const sent: number[] = []
  for (let at = 0; at < 5; at++) sent.push((await bus.publish(subject, changed(), crypto.randomUUID())).sequence)
  await using fromThird = listen({ sequence: sent[2] ?? 0 })
  expect(await fromThird.first(3)).toMatchObject(sent.slice(2).map(sequence => ({ sequence, subject, data: { v: 1 } })))
  await using fromNow = listen('new')
  await fromNow.isListening()
  const { sequence } = await bus.publish(subject, changed(), crypto.randomUUID())
  expect(await fromNow.first(1)).toMatchObject([{ sequence }])
  expect(await fromThird.first(4)).toMatchObject([{}, {}, {}, { sequence }])
})

test('notices end when they are called off, also before they began', async () => {
  const controller = new AbortController()
  const collecting = Array.fromAsync(bus.consumeEvents('new', controller.signal))
  controller.abort()
  expect(await collecting).toEqual([])
  expect(await Array.fromAsync(bus.consumeEvents('new', AbortSignal.abort()))).toEqual([])
})

test('a bus that goes away and comes back is the same, and it can be told which it is', async () => {
  await using disposal = new AsyncDisposableStack()
  const server = disposal.use(await startTestNats())
  const there = await opened(server, disposal)
  await there.ensureStreams()
  expect([there.isConnected(), there.serverVersion()]).toEqual([true, expect.stringMatching(/^2\.\d+/)])
  await there.publish(generationSubject('w'), changed(), 'a')
  await server.kill()
  await until(() => !there.isConnected())
  await server.start()
  await until(() => there.isConnected())
  expect(await there.publish(generationSubject('w'), changed(), 'b')).toMatchObject({ sequence: 2, duplicate: false })
})

test('a bus that is not there yet refuses what it is asked, and is joined when it comes', async () => {
  await using server = await startTestNats()
  await server.stop()
  const early = connectBus({ url: server.url, name: 'test', log })
  await using _ = { [Symbol.asyncDispose]: () => early.close() }
  const refused = [
    early.ensureStreams(),
    early.publish(generationSubject('w'), changed(), 'a'),
    early.consumer({ name: 'c', subject: jobSubject('p'), ackWaitSeconds: 1 }),
    early.eventBounds(),
  ]
  for (const asked of refused) await expect(asked).rejects.toBeInstanceOf(NotConnectedError)
  expect(() => early.consumeEvents('new', forever)).toThrow(NotConnectedError)
  expect([early.isConnected(), early.serverVersion()]).toEqual([false, 'unknown'])
  await server.start()
  await early.connected
  await early.ensureStreams()
  expect(early.isConnected()).toBe(true)
  expect(await early.publish(generationSubject('w'), changed(), 'a')).toMatchObject({ sequence: 1 })
})

test('a bus that never came can be left', async () => {
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

/** A lane of its own that two share, with so many messages on it. */
async function twoOn(provider: string, messages: number, ackWaitSeconds = 1) {
  const [consumer, subject] = [jobConsumerName(provider), jobSubject(provider)]
  const open = () => bus.consumer({ name: consumer, subject, ackWaitSeconds })
  const [mine, theirs] = [await open(), await open()]
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
    return { held: num_ack_pending, waiting: num_pending }
  }
  const sent: string[] = []
  for (let at = 0; at < messages; at++) sent.push(await publish())
  return { mine, theirs, consumer, publish, publishText, pending, sent }
}

async function taken(lane: JobConsumer): Promise<Delivery> {
  const delivery = await lane.next(4_000, forever)
  if (!delivery) throw new Error('nothing came')
  return delivery
}

function idOf(delivery: Delivery): string {
  return (delivery.data as { id: string }).id
}

/** Collects notices in the background. */
function listen(from: { sequence: number } | 'new') {
  const controller = new AbortController()
  const heard: Message[] = []
  const listening = (async () => {
    for await (const notice of bus.consumeEvents(from, controller.signal)) heard.push(notice)
  })()
  const consumersBefore = consumersOf()
  return {
    isListening: async () => until(async () => (await consumersOf()) > (await consumersBefore)),
    first: async (count: number) => {
      await until(() => heard.length >= count)
      return heard.slice(0, count)
    },
    [Symbol.asyncDispose]: async () => {
      controller.abort()
      await listening
    },
  }
}

async function consumersOf(): Promise<number> {
  return (await manager.streams.info(STREAMS.events.name)).state.consumer_count
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(4_000)
  while (!(await isSo())) {
    deadline.throwIfAborted()
    await Bun.sleep(5)
  }
}
