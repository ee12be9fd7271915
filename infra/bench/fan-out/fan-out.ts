import { waitUntil } from '../../local/process/wait-until.ts'
import { openBus } from '../../src/bus/bus.ts'
import { followActivity } from '../../src/database/activity.ts'
import { runRelay } from '../../src/database/outbox.ts'
import { transaction } from '../../src/database/transaction.ts'
import { bumpVersion } from '../../src/generations/generations.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { type EventStream, openEventStream } from '../../testing/sse-reader.ts'
import { type BenchServer, type BenchStack, openBenchStack } from '../kit/bench-stack.ts'
import { insertListingRows } from '../kit/listing-rows.ts'
import { measureProcessMemory } from '../kit/memory.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { formatSamples } from '../kit/statistics.ts'

const CLIENT_COUNTS = [1, 100, 1_000]
const SAMPLES = 10
const EVENTS = 10
const EVENT_INTERVAL_MS = 40
const EVENT_TIMEOUT_MS = 20_000
const neverAborted = new AbortController().signal

const METHOD = [
  'One generation changes, and every client of one query process is told: commit, outbox, relay, JetStream, one reading, event stream.',
  `The clients are connections of one process beside it, which takes its share of the time. ${SAMPLES} samples of ${EVENTS} changes, the counts in`,
  'turns; medians, the middle half in brackets.',
]

/** The cost of one number of clients, event by event. */
interface Measurement {
  clients: number
  rows: number
  events: number
  /** Time from the commit to the first, the median and the last client, in ms. */
  first: number[]
  middle: number[]
  last: number[]
  /** Peak of the query process, in bytes. */
  memory: number
}

/** Measures the delivery of one change to all clients of a query process. */
export async function run(): Promise<BenchResult> {
  await using stack = await openBenchStack()
  await insertListingRows(stack.database, stack.folder, { count: 100, last: new Date(), bloated: false })
  const query = await stack.startService('query', { SSE_MAX_STREAMS: '2000' })
  await using _relay = await startRelay(stack)
  await waitUntilFollowing(query.port)
  const measured = CLIENT_COUNTS.map(
    (clients): Measurement => ({ clients, rows: 0, events: 0, first: [], middle: [], last: [], memory: 0 }),
  )
  await takeTurns(measured, SAMPLES, measurement => measure(stack, query, measurement))
  return createReport(measured)
}

async function measure(stack: BenchStack, query: BenchServer, measurement: Measurement): Promise<void> {
  const [row] = await stack.database<{ id: string }[]>`select id from generations limit 1`
  const arrivals: number[] = []
  const onEvent = ({ name }: { name: string | undefined }) => {
    if (name === 'generation') arrivals.push(performance.now())
  }
  const clients = await openClients(query.port, measurement.clients, onEvent)
  const before = await countRowsRead(query)
  for (let event = 0; event < EVENTS; event++) {
    arrivals.length = 0
    let committed = 0
    await transaction(stack.database, async tx => {
      await bumpVersion(tx, { ...LOCAL_OWNER, id: row?.id ?? '' })
      committed = performance.now()
    })
    await waitForAll(() => arrivals.length >= measurement.clients, 'the event at every client')
    measurement.first.push((arrivals[0] ?? 0) - committed)
    measurement.middle.push((arrivals[arrivals.length >> 1] ?? 0) - committed)
    measurement.last.push((arrivals.at(-1) ?? 0) - committed)
    await sleep(EVENT_INTERVAL_MS, neverAborted)
  }
  measurement.rows += (await countRowsRead(query)) - before
  measurement.events += EVENTS
  measurement.memory = Math.max(measurement.memory, await measureProcessMemory(query.pid))
  for (const client of clients) client.close()
  await sleep(EVENT_INTERVAL_MS, neverAborted)
}

/** Waits until query consumes the bus. Before that its streams only send a resync without an id. */
async function waitUntilFollowing(port: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const events = await openEventStream({ port, onEvent: ({ id }) => (id === undefined ? undefined : resolve()) })
  await promise.finally(() => events.close())
}

/** Opens event streams and waits until each has received its greeting, which has no name. */
async function openClients(
  port: number,
  count: number,
  onEvent: (event: { name: string | undefined }) => void,
): Promise<EventStream[]> {
  let greeted = 0
  const clients: EventStream[] = []
  const listener = (event: { name: string | undefined }) => {
    if (event.name === undefined) greeted++
    onEvent(event)
  }
  for (let opened = 0; opened < count; opened += 50) {
    const some = Array.from({ length: Math.min(50, count - opened) }, () =>
      openEventStream({ port, onEvent: listener }),
    )
    clients.push(...(await Promise.all(some)))
  }
  await waitForAll(() => greeted >= count, 'the greeting of every client')
  return clients
}

async function waitForAll(isComplete: () => boolean, what: string): Promise<void> {
  const check = async () => isComplete() || undefined
  await waitUntil(check, { what, milliseconds: EVENT_TIMEOUT_MS, intervalMs: 2, signal: neverAborted })
}

async function countRowsRead({ url }: BenchServer): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^event_rows_total\S* (\d+)/m.exec(metrics)?.[1] ?? Number.NaN)
}

async function startRelay({ database, databaseUrl, natsUrl }: BenchStack): Promise<AsyncDisposable> {
  const log = createLog({ service: 'bench', level: 'silent' })
  const bus = await openBus({ url: natsUrl, name: 'bench', log })
  await bus.ensureStreams()
  const stopping = new AbortController()
  const { signal } = stopping
  const activity = followActivity({ database, url: databaseUrl, name: 'bench-activity', log, signal })
  const running = runRelay({ database, bus, activity, log, signal })
  const stop = async () => {
    stopping.abort()
    await Promise.all([running, activity.closed])
    await bus.close()
  }
  return { [Symbol.asyncDispose]: stop }
}

function createReport(measured: Measurement[]): BenchResult {
  const largest = measured.at(-1)
  return buildResult<Measurement>({
    title: 'Fan-out',
    method: METHOD,
    columns: {
      clients: ({ clients }) => clients.toLocaleString('en'),
      'rows read an event': ({ rows, events }) => (rows / events).toFixed(2),
      'first, ms': ({ first }) => formatSamples(first, 1),
      'middle, ms': ({ middle }) => formatSamples(middle, 1),
      'last, ms': ({ last }) => formatSamples(last, 1),
      'memory of query, MB': ({ memory }) => (memory / 1e6).toFixed(0),
    },
    rows: measured,
    targets: [
      createTarget({
        target: 'one row read an event, whatever the number of clients',
        value: (largest?.rows ?? 0) / (largest?.events ?? 1),
        digits: 2,
        atMost: 1,
      }),
    ],
    samples: Object.fromEntries(measured.map(({ clients, last }) => [`${clients} clients, last, ms`, last])),
  })
}
