import { waitUntil } from '../../local/process/wait-until.ts'
import type { Bus } from '../../src/bus/bus.ts'
import type { Database } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'
import { publishChange } from '../../src/generations/generations.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { openPage, type Page } from '../kit/page.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { computeQuantile, formatSamples } from '../kit/statistics.ts'
import { openStudioClients, type StudioClients } from '../kit/studio-clients.ts'

const EVENTS = 200
const POLL_MS = 2_000
const EVENT_TIMEOUT_MS = 15_000
const EVENT_INTERVAL_MS = 200
const neverAborted = new AbortController().signal

const METHOD = [
  'A generation is committed with its message, and a page in Chromium has the studio open: how long until it is in the document.',
  '',
  '- **polling**: the list asked for every 2 s by a process that draws nothing',
  '- **ours**: commit, outbox, relay, JetStream, query, gateway, event stream, document',
  '- **bare**: a commit, then a message over JetStream, until it is received: what nobody can do without',
  '',
  `${EVENTS} events at random moments, the variants in turns; the middle half in brackets. The clocks are of one machine.`,
]

/** Script for the page: records the time at which each generation first appears in the document. */
const WATCH_SCRIPT = `window.seen = {}; new MutationObserver(() => {
  const now = performance.timeOrigin + performance.now()
  for (const one of document.querySelectorAll('[data-generation-id]')) window.seen[one.dataset.generationId] ??= now
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-generation-id'] })`

/** Measures from the commit of a generation until the page shows it; also by polling every 2 s, and over the bus alone. */
export async function run(): Promise<BenchResult> {
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  await using clients = await openStudioClients(studio)
  await using page = await openPage(studio.url)
  await page.evaluate(WATCH_SCRIPT)
  const stopping = new AbortController()
  const polled = new Map<string, number>()
  const polling = poll(studio.url, polled, stopping.signal)
  const latencies = await measure({ ...clients, page, polled }).finally(() => stopping.abort())
  await polling
  return createReport(latencies)
}

/** Milliseconds from the commit of each generation, by variant. */
interface Latencies {
  ours: number[]
  bare: number[]
  polling: number[]
}

interface MeasureDeps extends Pick<StudioClients, 'database' | 'bus'> {
  page: Page
  /** The time at which polling first returned each generation, filled while this measures. */
  polled: ReadonlyMap<string, number>
}

async function measure({ database, bus, page, polled }: MeasureDeps): Promise<Latencies> {
  const committed = new Map<string, number>()
  const latencies: Latencies = { ours: [], bare: [], polling: [] }
  // The page is live only after a moment: a first generation is awaited and not counted.
  await waitUntilShown(page, (await insertCancelledGeneration(database)).id)
  for (let event = 0; event < EVENTS; event++) {
    const { id, at } = await insertCancelledGeneration(database)
    committed.set(id, at)
    latencies.ours.push((await waitUntilShown(page, id)) - at)
    latencies.bare.push(await measureBareTrip(database, bus))
    // At random: otherwise every commit would fall on the same moment between two polls.
    await sleep(EVENT_INTERVAL_MS * (0.5 + Math.random()), neverAborted)
  }
  await sleep(POLL_MS * 2, neverAborted)
  latencies.polling = [...committed].map(([id, at]) => (polled.get(id) ?? Number.NaN) - at)
  return latencies
}

/** Waits until the page shows a generation. @returns the time at which it first did */
async function waitUntilShown(page: Page, id: string): Promise<number> {
  const readShownAt = async () => (await page.evaluate<number | null>(`window.seen['${id}'] ?? null`)) ?? undefined
  return await waitUntil(readShownAt, {
    what: `generation ${id} in the page`,
    milliseconds: EVENT_TIMEOUT_MS,
    signal: neverAborted,
  })
}

/** Inserts a generation that has ended and publishes its change, as a service does. @returns its id and the time of the commit */
async function insertCancelledGeneration(database: Database): Promise<{ id: string; at: number }> {
  const id = Bun.randomUUIDv7()
  const { workspaceId, userId } = LOCAL_OWNER
  let at = 0
  await transaction(database, async tx => {
    await tx`
      with made as (
        insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, num_outputs)
        values (${id}, ${workspaceId}, ${userId}, ${id}, '', 'cancelled', 'image', 'demo', 'demo', 'a prompt', 1)
      ), job as (insert into generation_jobs (workspace_id, generation_id) values (${workspaceId}, ${id}))
      insert into generation_outputs (workspace_id, generation_id, index, kind, width, height)
      values (${workspaceId}, ${id}, 0, 'image', 512, 512)`
    await publishChange(tx, { id, workspaceId })
    at = now()
  })
  return { id, at }
}

/** Measures a commit, a message and its receipt, with nothing else, in ms. */
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
  // The consumer has time to subscribe: in the studio it has done so long before.
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

/** Requests the list every 2 s and records the time at which it first has each generation. */
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

function createReport(latencies: Latencies): BenchResult {
  const { ours, bare, polling } = latencies
  const ratioToBare = (times: number[]) => (computeQuantile(times, 0.5) / computeQuantile(bare, 0.5)).toFixed(1)
  return buildResult<{ name: string; times: number[] }>({
    title: 'Event to screen',
    method: METHOD,
    columns: {
      variant: ({ name }) => name,
      'p50, ms': ({ times }) => formatSamples(times, 1),
      'p99, ms': ({ times }) => computeQuantile(times, 0.99).toFixed(1),
      'times the bare trip': ({ times }) => ratioToBare(times),
    },
    rows: [
      { name: 'polling', times: polling },
      { name: '**ours**', times: ours },
      { name: 'bare', times: bare },
    ],
    targets: [
      createTarget({
        target: 'p50 ≤ 25 ms, as a guide on an idle machine',
        value: computeQuantile(ours, 0.5),
        digits: 1,
        suffix: ` ms, ${ratioToBare(ours)} times the bare trip`,
        atMost: 25,
      }),
      createTarget({
        target: 'p99 ≤ 100 ms, as a guide on an idle machine',
        value: computeQuantile(ours, 0.99),
        digits: 1,
        suffix: ' ms',
        atMost: 100,
      }),
    ],
    samples: { 'polling, ms': polling, 'ours, ms': ours, 'bare, ms': bare },
  })
}
