import { loadavg } from 'node:os'
import { readRunFile } from '../../local/launch/run-file.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { type Bus, openBus } from '../../src/bus/bus.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'
import { publishChange } from '../../src/generations/generations.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { openPage, type Page } from '../kit/page.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { computeQuartiles } from '../kit/sampling.ts'

const EVENTS = 200
const POLL_MS = 2_000
const EVENT_TIMEOUT_MS = 15_000
const EVENT_INTERVAL_MS = 200
const neverAborted = new AbortController().signal
const log = createLog({ service: 'bench', level: 'silent' })

/** What happens in the page: the moment at which each generation is first in its document. */
const WATCH_SCRIPT = `window.seen = {}; new MutationObserver(() => {
  const now = performance.timeOrigin + performance.now()
  for (const one of document.querySelectorAll('[data-generation-id]')) window.seen[one.dataset.generationId] ??= now
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-generation-id'] })`

/** From the commit of a generation to the page that shows it, beside asking every two seconds and beside the bus alone. */
export async function run(): Promise<Report> {
  const before = loadavg()[0] ?? 0
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  const runFile = await readRunFile(studio.dataDir)
  const database = openDatabase({ url: studio.databaseUrl, name: 'bench', connections: 2, log })
  const bus = await openBus({ url: runFile?.natsUrl ?? '', name: 'bench', log })
  await using page = await openPage(studio.url)
  await page.evaluate(WATCH_SCRIPT)
  const stopping = new AbortController()
  const polled = new Map<string, number>()
  const polling = poll(studio.url, polled, stopping.signal)
  const latencies = await measure({ database, bus, page, polled }).finally(() => stopping.abort())
  await polling
  await bus.close()
  await database.end({ timeout: 2 })
  return createReport(latencies, before)
}

interface Latencies {
  ours: number[]
  bare: number[]
  polling: number[]
}

async function measure(deps: {
  database: Database
  bus: Bus
  page: Page
  polled: ReadonlyMap<string, number>
}): Promise<Latencies> {
  const { database, bus, page, polled } = deps
  const committed = new Map<string, number>()
  const latencies: Latencies = { ours: [], bare: [], polling: [] }
  // The page follows from some moment on: a first one is waited for and not counted.
  await waitUntilShown(page, (await insertCancelledGeneration(database)).id)
  for (let event = 0; event < EVENTS; event++) {
    const { id, at } = await insertCancelledGeneration(database)
    committed.set(id, at)
    latencies.ours.push((await waitUntilShown(page, id)) - at)
    latencies.bare.push(await measureBareTrip(database, bus))
    // At random, or polling would always be asked at the same moment of its round.
    await sleep(EVENT_INTERVAL_MS * (0.5 + Math.random()), neverAborted)
  }
  await sleep(POLL_MS * 2, neverAborted)
  latencies.polling = [...committed].map(([id, at]) => (polled.get(id) ?? Number.NaN) - at)
  return latencies
}

/** When the page first had it. */
async function waitUntilShown(page: Page, id: string): Promise<number> {
  const readShownAt = async () => (await page.evaluate<number | null>(`window.seen['${id}'] ?? null`)) ?? undefined
  return await waitUntil(readShownAt, {
    what: 'The generation in the page',
    milliseconds: EVENT_TIMEOUT_MS,
    signal: neverAborted,
  })
}

/** A generation that is over, as it is announced by whoever makes it. */
async function insertCancelledGeneration(database: Database): Promise<{ id: string; at: number }> {
  const id = Bun.randomUUIDv7()
  const { workspaceId, userId } = LOCAL_OWNER
  let at = 0
  await transaction(database, async tx => {
    await tx`
      with made as (
        insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, num_outputs)
        values (${id}, ${workspaceId}, ${userId}, ${id}, '', 'cancelled', 'image', 'demo', 'demo', 'a prompt', 1)
      ), job as (insert into generation_jobs (generation_id) values (${id}))
      insert into generation_outputs (generation_id, index, kind, width, height) values (${id}, 0, 'image', 512, 512)`
    await publishChange(tx, id, workspaceId)
    at = now()
  })
  return { id, at }
}

/** A commit, a message, and its receipt, with nothing else. */
async function measureBareTrip(database: Database, bus: Bus): Promise<number> {
  const id = crypto.randomUUID()
  const done = new AbortController()
  const { last } = await bus.eventBounds()
  const receiving = (async () => {
    for await (const event of bus.consumeEvents({ sequence: last + 1 }, done.signal)) {
      if ((event.data as { id?: string }).id === id) return now()
    }
    return Number.NaN
  })()
  // Whoever follows has been following for long.
  await sleep(20, neverAborted)
  let at = 0
  await transaction(database, async tx => {
    await tx`insert into outbox (subject, payload, published_at) values ('bench', '{}', now())`
    at = now()
  })
  await bus.publish('events.bench.generation', { v: 1, type: 'generation.changed', id }, id)
  const received = await receiving
  done.abort()
  return received - at
}

async function poll(url: string, seen: Map<string, number>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const page = (await (await fetch(new URL('/api/generations?limit=50', url))).json()) as {
      generations: { id: string }[]
    }
    for (const { id } of page.generations) if (!seen.has(id)) seen.set(id, now())
    await sleep(POLL_MS, signal)
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function createReport({ ours, bare, polling }: Latencies, load: number): Report {
  const ratio = computeMedian(ours) / computeMedian(bare)
  const row = (name: string, times: number[]) => [
    name,
    formatQuartiles(times),
    quantile(times, 0.99).toFixed(1),
    (computeMedian(times) / computeMedian(bare)).toFixed(1),
  ]
  return {
    title: 'Event to screen',
    method: [
      'A generation is committed with its message, and a page in Chromium has the studio open: how long until it is in the document.',
      '',
      '- **polling**: the list asked for every 2 s by a process that draws nothing',
      '- **ours**: commit, outbox, relay, JetStream, query, gateway, event stream, document',
      '- **bare**: a commit, then a message over JetStream, until it is received: what nobody can do without',
      '',
      `${EVENTS} events at random moments, the variants in turns; the middle half in brackets. The clocks are of one machine.`,
    ],
    machine: `${describeMachine()}; load average ${load.toFixed(1)} before`,
    columns: ['variant', 'p50, ms', 'p99, ms', 'times the bare trip'],
    rows: [row('polling', polling), row('**ours**', ours), row('bare', bare)],
    targets: [
      {
        target: 'p50 ≤ 25 ms, as a guide on an idle machine',
        reached: `${computeMedian(ours).toFixed(1)} ms, ${ratio.toFixed(1)} times the bare trip`,
        met: computeMedian(ours) <= 25,
      },
      {
        target: 'p99 ≤ 100 ms, as a guide on an idle machine',
        reached: `${quantile(ours, 0.99).toFixed(1)} ms`,
        met: quantile(ours, 0.99) <= 100,
      },
    ],
    rounds: Object.fromEntries(
      Object.entries({ polling, ours, bare }).map(([name, times]) => [
        `${name}, ms`,
        times.map(time => Math.round(time * 10) / 10),
      ]),
    ),
  }
}

function computeMedian(times: readonly number[]): number {
  return computeQuartiles(times).median
}

function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * share)] ?? Number.NaN
}

function formatQuartiles(times: readonly number[]): string {
  const { median, low, high } = computeQuartiles(times)
  return `${median.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`
}
