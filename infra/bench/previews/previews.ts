import { sleep } from '../../src/runtime/timers.ts'
import { type FakeProvider, startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { isFinished, postJson } from '../../testing/studio/studio-client.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { measureTreeMemory } from '../kit/memory.ts'
import { type BenchOptions, type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile, computeRatio, formatSamples } from '../kit/statistics.ts'
import { openPreviewClients, type PreviewClient } from './preview-clients.ts'

const GENERATIONS = 50
const TABS = 10
const ROUNDS = 2
/** Length of a round, in minutes. */
const MINUTES = 1
const STEP_MS = 1_000
const PREVIEW_EVERY_MS = 200
const EVENT_TIMEOUT_MS = 20_000
/** Memory moves by some per cent with each collection of garbage. */
const MAX_GROWTH = 1.15
const MEBIBYTE = 1024 * 1024
const neverAborted = new AbortController().signal

const createMethod = (minutes: number) => [
  `${GENERATIONS} generations run at once at a provider that sends ${1_000 / PREVIEW_EVERY_MS} previews a second of each, and ${TABS} browsers watch a whole studio by its`,
  'address: with previews, and with a provider that has none. Meanwhile a favourite is set once a second; the time is that until the last',
  `browser has its event. ${ROUNDS} rounds in turns of ${minutes} min each; medians, the middle half in brackets. A preview is 256 × 256 pixels under noise, which is`,
  'hard to compress. Memory is that of the service with its image decoders: its growth is that from the second third of a round to the last.',
]

interface Measurement {
  name: 'without previews' | 'with previews'
  /** Time from a change to its event at the last browser, in ms. */
  delays: number[]
  /** Memory of the services in MiB, by thirds of the rounds. */
  processor: number[][]
  query: number[][]
  /** Previews a second and browser, and kB of them. */
  previews: number[]
  kilobytes: number[]
  /** `generation` events of the browsers of a round: the fewest and the most. */
  events: [number, number][]
  /** Generations of which a browser did not have the last version in the end, over all browsers. */
  missed: number
  resyncs: number
  outOfOrder: number
}

/** Measures a studio while many previews are on their way, beside the same without any. */
export async function run({ minutes = MINUTES }: BenchOptions = {}): Promise<BenchResult> {
  await using fake = await startFakeProvider()
  await using studio = await startTestStudio(fake.env)
  const measured = (['without previews', 'with previews'] as const).map(createMeasurement)
  const favourite = await makeFavourite(studio)
  await takeTurns(measured, ROUNDS, measurement => measure({ fake, studio, favourite, minutes }, measurement))
  return createReport(measured, minutes)
}

interface Setup {
  fake: FakeProvider
  studio: TestStudio
  /** Id of a finished generation. */
  favourite: string
  /** Length of a round. */
  minutes: number
}

async function measure(setup: Setup, measurement: Measurement): Promise<void> {
  const { fake, studio } = setup
  const previewEveryMs = measurement.name === 'with previews' ? PREVIEW_EVERY_MS : null
  await fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 1, previewEveryMs })
  using clients = await openPreviewClients(Number(new URL(studio.url).port), TABS)
  const submissions = Array.from({ length: GENERATIONS }, (_, n) =>
    studio.submit({ prompt: `generation ${n}`, model: 'fake-image', parameters: { numOutputs: 1 } }),
  )
  const ids = (await Promise.all(submissions)).map(({ id }) => id)
  const { submits } = await fake.readRequestLog()
  await fake.waitForRequests(log => log.submits.length >= submits.length || log.submits.length >= GENERATIONS)
  await observe(setup, measurement, clients)
  await fake.setBehavior({ readyOutputs: null })
  const finished = await Promise.all(ids.map(id => studio.waitForGeneration(id, isFinished, 60_000)))
  await countMissed(measurement, clients, new Map(finished.map(({ id, version }) => [id, version])))
}

/** Takes samples of the memory and of the time of an event, for the length of a round. */
async function observe({ studio, favourite, minutes }: Setup, measurement: Measurement, clients: PreviewClient[]) {
  const pids = { processor: await studio.pidOf('processor'), query: await studio.pidOf('query') }
  const steps = Math.round((minutes * 60_000) / STEP_MS)
  const began = performance.now()
  for (let step = 0; step < steps; step++) {
    const third = Math.floor((3 * step) / steps)
    measurement.delays.push(await measureEvent(studio, favourite, clients))
    for (const name of ['processor', 'query'] as const)
      measurement[name][third]?.push((await measureTreeMemory(pids[name])) / MEBIBYTE)
    await sleep(Math.max(0, began + (step + 1) * STEP_MS - performance.now()), neverAborted)
  }
  const seconds = (performance.now() - began) / 1_000
  for (const { previews, previewBytes } of clients) {
    measurement.previews.push(previews / seconds)
    measurement.kilobytes.push(previewBytes / 1_000 / seconds)
  }
}

/** Changes a generation. @returns the time until the last client has the event, in ms */
async function measureEvent(studio: TestStudio, id: string, clients: PreviewClient[]): Promise<number> {
  const before = await studio.getGeneration(id)
  const began = performance.now()
  const response = await studio.fetch(`/api/generate/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ outputIndex: 0, favourite: !before.favourite }),
  })
  const { version } = (await response.json()) as { version: number }
  const isThere = async () => clients.every(client => (client.versions.get(id) ?? 0) >= version)
  await waitFor('The event at every browser', EVENT_TIMEOUT_MS, isThere, 2)
  return performance.now() - began
}

/** Counts what the clients do not have, once they had time for it. */
async function countMissed(
  measurement: Measurement,
  clients: PreviewClient[],
  versions: ReadonlyMap<string, number>,
): Promise<void> {
  const missed = () =>
    clients.flatMap(client => [...versions].filter(([id, version]) => client.versions.get(id) !== version)).length
  await waitFor('The last events', EVENT_TIMEOUT_MS, async () => missed() === 0).catch(() => {})
  measurement.missed += missed()
  measurement.resyncs += clients.reduce((sum, { resyncs }) => sum + resyncs, 0)
  measurement.outOfOrder += clients.reduce((sum, { outOfOrder }) => sum + outOfOrder, 0)
  const events = clients.map(({ generationEvents }) => generationEvents)
  measurement.events.push([Math.min(...events), Math.max(...events)])
}

async function makeFavourite(studio: TestStudio): Promise<string> {
  const response = await postJson(studio.fetch, '/api/generate', {
    prompt: 'a favourite',
    model: 'fake-image',
    parameters: { numOutputs: 1 },
  })
  const { id } = (await response.json()) as { id: string }
  await studio.waitForGeneration(id, isFinished)
  return id
}

function createMeasurement(name: Measurement['name']): Measurement {
  return {
    ...{ name, delays: [], processor: [[], [], []], query: [[], [], []], previews: [], kilobytes: [], events: [] },
    ...{ missed: 0, resyncs: 0, outOfOrder: 0 },
  }
}

function createReport(measured: readonly Measurement[], minutes: number): BenchResult {
  const [without, among] = measured
  const sum = (count: (measurement: Measurement) => number) => measured.reduce((all, one) => all + count(one), 0)
  return buildResult<Measurement>({
    title: 'Previews of many generations at once',
    method: createMethod(minutes),
    columns: {
      variant: ({ name }) => name,
      'previews a second, a browser': ({ previews }) => formatSamples(previews, 1),
      'kB of them a second': ({ kilobytes }) => formatSamples(kilobytes, 0),
      'an event, ms': ({ delays }) => formatSamples(delays, 0),
      'events a browser': ({ events }) => events.map(([fewest, most]) => `${fewest}–${most}`).join(', '),
      'not received': ({ missed }) => String(missed),
      'processor, MiB': ({ processor }) => formatSamples(processor.flat(), 0),
      'its growth': ({ processor }) => formatGrowth(processor),
      'query, MiB': ({ query }) => formatSamples(query.flat(), 0),
      'its growth ': ({ query }) => formatGrowth(query),
    },
    rows: measured,
    targets: [
      countTarget(
        'no event is lost, or in another order',
        sum(one => one.missed + one.outOfOrder),
      ),
      countTarget(
        'no browser reads anything again',
        sum(({ resyncs }) => resyncs),
      ),
      ...(['processor', 'query'] as const).map(name =>
        createTarget({
          target: `with previews the memory of ${name} is flat`,
          value: computeGrowth(among?.[name] ?? []),
          digits: 2,
          suffix: ' times from the second third to the last',
          atMost: MAX_GROWTH,
        }),
      ),
      createTarget({
        target: 'an event takes at most twice as long as without previews',
        value: computeRatio(among?.delays ?? [], without?.delays ?? []),
        digits: 2,
        suffix: ' times',
        atMost: 2,
      }),
    ],
    samples: Object.fromEntries(
      measured.flatMap(({ name, delays, processor, query }) => [
        [`${name}, an event, ms`, delays],
        [`${name}, processor, MiB`, processor.flat()],
        [`${name}, query, MiB`, query.flat()],
      ]),
    ),
  })
}

function countTarget(target: string, value: number) {
  return { ...createTarget({ target, value, digits: 0, atMost: 0 }), isRequired: true }
}

/** Returns the median of the last third, in relation to that of the second. */
function computeGrowth([, second = [], last = []]: number[][]): number {
  return computeQuantile(last, 0.5) / computeQuantile(second, 0.5)
}

function formatGrowth(thirds: number[][]): string {
  return `× ${computeGrowth(thirds).toFixed(2)}`
}
