import { loadavg } from 'node:os'
import { openBus } from '../../src/bus/bus.ts'
import { transaction } from '../../src/database/connection.ts'
import { runRelay } from '../../src/database/outbox.ts'
import { touch } from '../../src/generations/generations.ts'
import { createLog } from '../../src/log.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { type Events, openEvents } from '../../testing/sse-reader.ts'
import { openStage, QUERY, type Served, type Stage } from '../kit/bench-stack.ts'
import { fill } from '../kit/listing-rows.ts'
import { memoryOfProcess } from '../kit/memory.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { spreadOf } from '../kit/sampling.ts'

const CLIENTS = [1, 100, 1_000]
const ROUNDS = 10
const EVENTS = 10
const APART_MS = 40
const LATE_MS = 20_000
const NEVER = new AbortController().signal

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
  await using stage = await openStage({ name: 'fan-out' })
  await fill(stage.database, stage.folder, { count: 100, last: new Date(), bloated: false })
  const query = await stage.serve(QUERY, { SSE_MAX_STREAMS: '2000' })
  await using _relay = await startRelay(stage)
  await isFollowing(query.port)
  const measured = CLIENTS.map(
    (clients): Measurement => ({ clients, rows: 0, events: 0, first: [], middle: [], last: [], memory: 0 }),
  )
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < measured.length; turn++) {
      const into = measured[(round + turn) % measured.length]
      if (into) await measure(stage, query, into)
    }
  }
  return report(measured, before)
}

async function measure(stage: Stage, query: Served, into: Measurement): Promise<void> {
  const [row] = await stage.database<{ id: string }[]>`select id from generations limit 1`
  const arrivals: number[] = []
  const onEvent = ({ name }: { name: string | undefined }) => {
    if (name === 'generation') arrivals.push(performance.now())
  }
  const clients = await openAll(query.port, into.clients, onEvent)
  const before = await rowsRead(query)
  for (let event = 0; event < EVENTS; event++) {
    arrivals.length = 0
    let committed = 0
    await transaction(stage.database, async tx => {
      await touch(tx, row?.id ?? '')
      committed = performance.now()
    })
    const deadline = AbortSignal.timeout(LATE_MS)
    while (arrivals.length < into.clients) {
      deadline.throwIfAborted()
      await sleep(2, NEVER)
    }
    into.first.push((arrivals[0] ?? 0) - committed)
    into.middle.push((arrivals[arrivals.length >> 1] ?? 0) - committed)
    into.last.push((arrivals.at(-1) ?? 0) - committed)
    await sleep(APART_MS, NEVER)
  }
  into.rows += (await rowsRead(query)) - before
  into.events += EVENTS
  into.memory = Math.max(into.memory, await memoryOfProcess(query.pid))
  for (const client of clients) client.close()
  await sleep(APART_MS, NEVER)
}

/** Before it follows the bus it can only say that everything must be read again. */
async function isFollowing(port: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const events = await openEvents({ port, onEvent: ({ id }) => (id === undefined ? undefined : resolve()) })
  await promise.finally(() => events.close())
}

/** They are open when each has been greeted. */
async function openAll(
  port: number,
  count: number,
  onEvent: (event: { name: string | undefined }) => void,
): Promise<Events[]> {
  let greeted = 0
  const clients: Events[] = []
  const listener = (event: { name: string | undefined }) => {
    if (event.name === undefined) greeted++
    onEvent(event)
  }
  for (let opened = 0; opened < count; opened += 50) {
    const some = Array.from({ length: Math.min(50, count - opened) }, () => openEvents({ port, onEvent: listener }))
    clients.push(...(await Promise.all(some)))
  }
  const deadline = AbortSignal.timeout(LATE_MS)
  while (greeted < count) {
    deadline.throwIfAborted()
    await sleep(5, NEVER)
  }
  return clients
}

async function rowsRead({ url }: Served): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^event_rows_total\S* (\d+)/m.exec(metrics)?.[1] ?? Number.NaN)
}

async function startRelay({ database, natsUrl }: Stage): Promise<AsyncDisposable> {
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

function report(measured: Measurement[], load: number): Report {
  const most = measured.at(-1)
  const each = (most?.rows ?? 0) / (most?.events ?? 1)
  return {
    title: 'Fan-out',
    method: [
      'One generation changes, and every client of one query process is told: commit, outbox, relay, JetStream, one reading, event stream.',
      `The clients are connections of one process beside it, which takes its share of the time. ${ROUNDS} rounds of ${EVENTS} changes, the counts in`,
      'turns; medians, the middle half in brackets.',
    ],
    machine: `${describeMachine()}; load average ${load.toFixed(1)} before`,
    columns: ['clients', 'rows read an event', 'first, ms', 'middle, ms', 'last, ms', 'memory of query, MB'],
    rows: measured.map(one => [
      one.clients.toLocaleString('en'),
      (one.rows / one.events).toFixed(2),
      words(one.first),
      words(one.middle),
      words(one.last),
      (one.memory / 1e6).toFixed(0),
    ]),
    targets: [
      { target: 'one row read an event, whatever the number of clients', reached: each.toFixed(2), met: each <= 1 },
    ],
    rounds: Object.fromEntries(
      measured.map(one => [`${one.clients} clients, last, ms`, one.last.map(time => Math.round(time * 10) / 10)]),
    ),
  }
}

function words(numbers: readonly number[]): string {
  const { median, low, high } = spreadOf(numbers)
  return `${median.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`
}
