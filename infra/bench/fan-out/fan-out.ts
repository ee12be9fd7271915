import { loadavg } from 'node:os'
import { openBus } from '../../src/bus/bus.ts'
import { runRelay } from '../../src/database/outbox.ts'
import { transaction } from '../../src/database/transaction.ts'
import { bumpVersion } from '../../src/generations/generations.ts'
import { createLog } from '../../src/log.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { type EventStream, openEventStream } from '../../testing/sse-reader.ts'
import { type BenchServer, type BenchStack, openBenchStack, QUERY_MAIN } from '../kit/bench-stack.ts'
import { insertListingRows } from '../kit/listing-rows.ts'
import { measureProcessMemory } from '../kit/memory.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { computeQuartiles } from '../kit/sampling.ts'

const CLIENT_COUNTS = [1, 100, 1_000]
const SAMPLES = 10
const EVENTS = 10
const EVENT_INTERVAL_MS = 40
const EVENT_TIMEOUT_MS = 20_000
const neverAborted = new AbortController().signal

/** What one count of clients cost, event by event. */
interface Measurement {
  clients: number
  rows: number
  events: number
  /** Milliseconds from the commit to the first, the middle and the last client. */
  first: number[]
  middle: number[]
  last: number[]
  memory: number
}

/** One change, and everybody who watches. */
export async function run(): Promise<Report> {
  const before = loadavg()[0] ?? 0
  await using stack = await openBenchStack({ name: 'fan-out' })
  await insertListingRows(stack.database, stack.folder, { count: 100, last: new Date(), bloated: false })
  const query = await stack.startServer(QUERY_MAIN, { SSE_MAX_STREAMS: '2000' })
  await using _relay = await startRelay(stack)
  await waitUntilFollowing(query.port)
  const measured = CLIENT_COUNTS.map(
    (clients): Measurement => ({ clients, rows: 0, events: 0, first: [], middle: [], last: [], memory: 0 }),
  )
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (let turn = 0; turn < measured.length; turn++) {
      const measurement = measured[(sample + turn) % measured.length]
      if (measurement) await measure(stack, query, measurement)
    }
  }
  return createReport(measured, before)
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
      await bumpVersion(tx, row?.id ?? '')
      committed = performance.now()
    })
    const deadline = AbortSignal.timeout(EVENT_TIMEOUT_MS)
    while (arrivals.length < measurement.clients) {
      deadline.throwIfAborted()
      await sleep(2, neverAborted)
    }
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

/** Before it follows the bus it can only say that everything must be read again. */
async function waitUntilFollowing(port: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const events = await openEventStream({ port, onEvent: ({ id }) => (id === undefined ? undefined : resolve()) })
  await promise.finally(() => events.close())
}

/** They are open when each has been greeted. */
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
  const deadline = AbortSignal.timeout(EVENT_TIMEOUT_MS)
  while (greeted < count) {
    deadline.throwIfAborted()
    await sleep(5, neverAborted)
  }
  return clients
}

async function countRowsRead({ url }: BenchServer): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^event_rows_total\S* (\d+)/m.exec(metrics)?.[1] ?? Number.NaN)
}

async function startRelay({ database, natsUrl }: BenchStack): Promise<AsyncDisposable> {
  const log = createLog({ service: 'bench', level: 'silent' })
  const bus = await openBus({ url: natsUrl, name: 'bench', log })
  await bus.ensureStreams()
  const stopping = new AbortController()
  const running = runRelay({ database, bus, log, signal: stopping.signal })
  const stop = async () => {
    stopping.abort()
    await running
    await bus.close()
  }
  return { [Symbol.asyncDispose]: stop }
}

function createReport(measured: Measurement[], load: number): Report {
  const largest = measured.at(-1)
  const rowsPerEvent = (largest?.rows ?? 0) / (largest?.events ?? 1)
  return {
    title: 'Fan-out',
    method: [
      'One generation changes, and every client of one query process is told: commit, outbox, relay, JetStream, one reading, event stream.',
      `The clients are connections of one process beside it, which takes its share of the time. ${SAMPLES} samples of ${EVENTS} changes, the counts in`,
      'turns; medians, the middle half in brackets.',
    ],
    machine: `${describeMachine()}; load average ${load.toFixed(1)} before`,
    columns: ['clients', 'rows read an event', 'first, ms', 'middle, ms', 'last, ms', 'memory of query, MB'],
    rows: measured.map(one => [
      one.clients.toLocaleString('en'),
      (one.rows / one.events).toFixed(2),
      formatQuartiles(one.first),
      formatQuartiles(one.middle),
      formatQuartiles(one.last),
      (one.memory / 1e6).toFixed(0),
    ]),
    targets: [
      {
        target: 'one row read an event, whatever the number of clients',
        reached: rowsPerEvent.toFixed(2),
        met: rowsPerEvent <= 1,
      },
    ],
    rounds: Object.fromEntries(
      measured.map(one => [`${one.clients} clients, last, ms`, one.last.map(time => Math.round(time * 10) / 10)]),
    ),
  }
}

function formatQuartiles(numbers: readonly number[]): string {
  const { median, low, high } = computeQuartiles(numbers)
  return `${median.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`
}
