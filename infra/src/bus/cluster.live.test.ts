import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { jobConsumerName, jobSubject, STREAMS } from '@darkroom/contracts/subjects'
import { type ConsumerInfo, connect, type JetStreamManager, type StreamInfo } from 'nats'
import { type BusCluster, type ClusterServer, startBusCluster } from '../../testing/studio/bus-cluster.ts'
import { createTestDirectory, startTestNats } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createLog, type Log } from '../log.ts'
import { toAccessOptions } from './access.ts'
import { type Bus, openBus } from './bus.ts'
import { selectPullTimes } from './messages.ts'

/** Three servers that are one bus, used as the processor uses them: with its user, which may do nothing else. */

/** An election takes 4 to 9 seconds a round, and more than one round where votes are split. */
const WAIT_MS = 60_000
const CONSUMER = jobConsumerName('demo')
const SUBJECT = jobSubject('demo')
const forever = new AbortController().signal
const stack = new AsyncDisposableStack()
let cluster: BusCluster
let manager: JetStreamManager

beforeAll(async () => {
  cluster = stack.use(await startBusCluster(stack.use(await createTestDirectory()).path))
  const admin = await connect({ ...toAccessOptions({ url: cluster.urls }), maxReconnectAttempts: -1 })
  stack.defer(() => admin.close())
  manager = await admin.jetstreamManager({ timeout: 20_000 })
})
afterEach(async () => {
  for (const server of cluster.servers) {
    server.thaw()
    if (!server.isRunning) await server.start()
  }
})
afterAll(() => stack.disposeAsync())

test('a consumer of a cluster has heartbeats that show within seconds that it is lost; that of a server alone has few', async () => {
  const readHeartbeat = async (url: string) => {
    const connection = await connect(toAccessOptions({ url }))
    const { idle_heartbeat } = selectPullTimes(connection)
    await connection.close()
    return idle_heartbeat
  }
  await using alone = await startTestNats()
  expect(await readHeartbeat(cluster.urls)).toBe(1_500)
  expect(await readHeartbeat(alone.url)).toBe(10_000)
})

test('streams are stored on one server while there are too few, and raised with their messages and consumers when there are enough', async () => {
  await using opened = await openTestBus({ replicas: 3 })
  const { bus, warnings } = opened
  const away = findServer('nats-3')
  await away.stop()
  await until('The streams', () => bus.ensureStreams())
  const consumer = await openConsumer(bus)
  const sent = await publishJobs(bus, 3)
  const taken = await consumer.next(60_000, forever)
  await taken?.ack()
  await until('Another check', () => bus.ensureStreams())
  expect(warnings.filter(name => name === 'bus_has_too_few_servers')).toHaveLength(1)
  await until('The answer', async () => expect(await readReplicas()).toEqual({ jobs: 1, events: 1, consumer: 1 }))
  await expect(bus.checkStreams()).rejects.toThrow('not stored on 3 servers')
  await away.start()
  await until('The replicas', async () => {
    await bus.checkStreams().catch(() => bus.ensureStreams())
    expect(await readReplicas()).toEqual({ jobs: 3, events: 3, consumer: 3 })
  })
  await bus.checkStreams()
  expect([taken, ...(await pullAll(bus, 2))].map(readId)).toEqual(sent)
  expect(await bus.eventBounds()).toMatchObject({ isReplicated: true })
})

test('streams are never lowered', async () => {
  await using opened = await openTestBus({ replicas: 1 })
  await until('The streams', () => opened.bus.ensureStreams())
  expect(await readReplicas()).toMatchObject({ jobs: 3, events: 3 })
  expect(opened.warnings).toEqual([])
})

test('a killed leader stops messages for some seconds, and none is lost; a server of the list may be away at the start', async () => {
  await using opened = await openTestBus({ replicas: 3 })
  await waitForReplicas(opened.bus)
  const before = await publishJobs(opened.bus, 2)
  const leader = findServer((await manager.streams.info(STREAMS.jobs.name)).cluster?.leader ?? '')
  await leader.kill()
  const after = crypto.randomUUID()
  await until('A message', () => publishJob(opened.bus, after))
  await using late = await openTestBus({ replicas: 3 })
  // Acknowledgements may be lost with the leader: the messages come again, and their rows say that there is nothing to do.
  const pulled = new Set<string>()
  await until('The messages', async () => {
    for (const delivery of await pullAll(late.bus, 1)) pulled.add(readId(delivery))
    expect([...before, after].filter(id => !pulled.has(id))).toEqual([])
  })
})

test('a server that is frozen is left for another one', async () => {
  await using opened = await openTestBus({ replicas: 3 })
  await waitForReplicas(opened.bus)
  const frozen = opened.server()
  frozen?.freeze()
  await until('Another server', async () => {
    expect(opened.server()).not.toBe(frozen)
    await publishJobs(opened.bus, 1)
  })
})

test('a server that has lost the others is left by those who ask, and used again with them', async () => {
  await using opened = await openTestBus({ replicas: 3 })
  await waitForReplicas(opened.bus)
  const own = opened.server()
  const others = cluster.servers.filter(server => server !== own)
  await Promise.all(others.map(server => server.kill()))
  await until('The warning', async () => {
    await publishJobs(opened.bus, 1).catch(() => {})
    expect(opened.warnings).toContain('bus_server_does_not_answer')
  })
  await Promise.all(others.map(server => server.start()))
  await until('A message', () => publishJobs(opened.bus, 1))
})

test('a server without a cluster stores one copy and says once that it has too few', async () => {
  await using server = await startTestNats()
  await using opened = await openTestBus({ replicas: 3, url: server.urls.processor })
  await opened.bus.ensureStreams()
  await opened.bus.ensureStreams()
  expect(opened.warnings).toEqual(['bus_has_too_few_servers'])
  await publishJobs(opened.bus, 1)
})

async function openTestBus({ replicas, url = cluster.urlsByUser.processor }: { replicas: number; url?: string }) {
  const warnings: string[] = []
  const warn = (_: unknown, name: string) => void warnings.push(name)
  let host = ''
  const info = (fields: { server?: string }) => {
    host = fields.server ?? host
  }
  const log: Log = Object.assign(createLog({ service: 'test', level: 'silent' }), { warn, info })
  const bus = await openBus({ url, name: 'test', service: 'processor', replicas, log })
  /** Returns the server that it is connected to. */
  const server = () => cluster.servers.find(({ url }) => new URL(url).host === host)
  return { bus, server, warnings, [Symbol.asyncDispose]: () => bus.close() }
}

async function openConsumer(bus: Bus) {
  return await bus.consumer({ name: CONSUMER, subject: SUBJECT, ackWaitSeconds: 30 })
}

async function publishJobs(bus: Bus, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => crypto.randomUUID() as string)
  for (const id of ids) await publishJob(bus, id)
  return ids
}

async function publishJob(bus: Bus, id: string): Promise<void> {
  await bus.publish(SUBJECT, { v: 1, type: 'generation.queued', id }, id)
}

/** Pulls and acknowledges messages until there are so many. Without a leader a pull fails, and is made again. */
async function pullAll(bus: Bus, count: number) {
  const deliveries: unknown[] = []
  await until(`${count} messages`, async () => {
    const consumer = await openConsumer(bus)
    while (deliveries.length < count) {
      const delivery = await consumer.next(1_000, forever)
      if (!delivery) throw new Error('no message')
      deliveries.push(delivery)
      await delivery.ack()
    }
  })
  return deliveries
}

function readId(delivery: unknown): string {
  return (delivery as { data: { id: string } }).data.id
}

/** Returns the number of servers that each stream, and the consumer, is stored on. */
async function readReplicas() {
  const [jobs = 0, events = 0, consumer = 0] = (await readInfos()).map(
    ({ cluster }) => 1 + (cluster?.replicas?.length ?? 0),
  )
  return { jobs, events, consumer }
}

/** Returns the state of the stream of jobs, of that of events, and of the consumer. */
async function readInfos(): Promise<(StreamInfo | ConsumerInfo)[]> {
  const [jobs, events] = [STREAMS.jobs.name, STREAMS.events.name]
  return [
    await manager.streams.info(jobs),
    await manager.streams.info(events),
    await manager.consumers.info(jobs, CONSUMER),
  ]
}

/**
 * Waits until all servers have the streams and their consumer. Where a leader goes away before, the servers that are left may need a minute
 * to elect another one. A replica that stays behind catches up because the consumer is pulled from.
 */
async function waitForReplicas(bus: Bus): Promise<void> {
  let consumer: Awaited<ReturnType<typeof openConsumer>> | undefined
  await until('The replicas', async () => {
    consumer ??= await openConsumer(bus)
    await (await consumer.next(1_000, forever))?.ack()
    expect((await readInfos()).filter(info => !isOnAllServers(info))).toEqual([])
  })
}

function isOnAllServers({ cluster }: StreamInfo | ConsumerInfo): boolean {
  const current = cluster?.replicas?.filter(({ current, offline }) => current && !offline) ?? []
  return cluster?.leader !== undefined && current.length === 2
}

function findServer(name: string): ClusterServer {
  const server = cluster.servers.find(server => server.name === name)
  if (!server) throw new Error(`no server is called ${name}`)
  return server
}

/** Repeats an action until it throws no more. */
async function until(what: string, act: () => Promise<unknown>): Promise<void> {
  let last: unknown
  const works = async () => {
    try {
      await act()
      return true
    } catch (error) {
      last = error
      return false
    }
  }
  await waitFor(what, WAIT_MS, works, 100).catch(error => {
    throw new Error(`${what}: ${last}`, { cause: error })
  })
}
