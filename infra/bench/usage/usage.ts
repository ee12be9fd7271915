import { USAGE_DIMENSIONS } from '@darkroom/contracts/history/usage'
import { type BenchStack, openBenchStack } from '../kit/bench-stack.ts'
import { insertListingRows } from '../kit/listing-rows.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile, computeQuartiles, formatSamples } from '../kit/statistics.ts'
import { CONNECTIONS, insertConnections, measureCallWrites, replaceCalls, waitUntilSummed } from './usage-calls.ts'

const GENERATIONS = 100_000
const CALLS = 120_000
const SAMPLES = 30
const DAYS = 30
const DAY_MS = 86_400_000
const MAX_MILLISECONDS = 50
const BUDGET_USD = '60'

const METHOD = [
  `Usage of ${DAYS} days over HTTP, from the query service, of a studio with ${GENERATIONS.toLocaleString('en')} generations and ${CALLS.toLocaleString('en')} calls at`,
  `${CONNECTIONS} connections, half of which have a budget; the studio has one, too, and an administrator asks. One request after another.`,
  '',
  '- **six months**: the calls are spread over 180 days, of which the last 30 are asked for',
  '- **one month**: all of the calls are in the 30 days that are asked for',
  '- **call by call**: no day is summed up, as at the first start of this version',
  '- **summed up**: the processor has summed up the days that are over; today is read call by call, for an hour yesterday, too',
  '- **floor**: SQL alone, which counts the calls of the days and sums up what was reported',
  '',
  `${SAMPLES} samples, the variants in turns; medians, the middle half in brackets. Writing: 100 transactions that end a call of today,`,
  'with the trigger that removes the sums of a day whose calls change, and without.',
]

interface Variant {
  spread: string
  isSummed: boolean
  name: string
  request(): Promise<number>
  milliseconds: number[]
  bytes: number
}

/** Measures how long the usage of a month takes, by each dimension and by several at once. */
export async function run(): Promise<BenchResult> {
  await using stack = await openBenchStack()
  await insertListingRows(stack.database, stack.folder, { count: GENERATIONS, last: new Date(), bloated: false })
  await insertConnections(stack.database)
  const { url } = await stack.startService('query', { BUDGET_USD, LOG_LEVEL: 'silent' })
  const measured: Variant[] = []
  for (const [spread, days] of [
    ['six months', 6 * DAYS],
    ['one month', DAYS],
  ] as const) {
    await replaceCalls(stack.database, { count: CALLS, days })
    measured.push(...(await measure(createVariants(stack, url, { spread, isSummed: false }))))
    await sumUpDays(stack, days)
    measured.push(...(await measure(createVariants(stack, url, { spread, isSummed: true }))))
  }
  return createReport(measured, await measureCallWrites(stack.database))
}

/** Runs a processor until it has summed up the days that are over. */
async function sumUpDays(stack: BenchStack, days: number): Promise<void> {
  await using _processor = await stack.startService('processor')
  await waitUntilSummed(stack.database, days)
}

async function measure(variants: Variant[]): Promise<Variant[]> {
  for (const { request } of variants) await request()
  await takeTurns(variants, SAMPLES, sample)
  return variants
}

function createVariants({ database }: BenchStack, url: string, state: Pick<Variant, 'spread' | 'isSummed'>): Variant[] {
  const [day, model, connection] = USAGE_DIMENSIONS
  const queries = [[day], [model], [connection], [day, model], [model, connection], [day, model, connection]]
  const [from, to] = [DAYS - 1, 0].map(ago => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10))
  const request = (by: readonly string[], accept: string) => async () => {
    const response = await fetch(`${url}/api/usage?by=${by}&from=${from}&to=${to}`, { headers: { accept } })
    if (!response.ok) throw new Error(`usage was answered by ${response.status}`)
    return (await response.arrayBuffer()).byteLength
  }
  const create = (name: string, request: Variant['request']) => ({
    ...state,
    name,
    request,
    milliseconds: [],
    bytes: 0,
  })
  return [
    ...queries.map(by => create(by.join(', '), request(by, 'application/json'))),
    create('all, as CSV', request(USAGE_DIMENSIONS, 'text/csv')),
    create('floor', async () => {
      await database`
        select count(*), sum(reported_micros) from call_costs where made_at >= ${`${from}T00:00:00Z`}::text::timestamptz`
      return 0
    }),
  ]
}

async function sample(variant: Variant): Promise<void> {
  const startedAt = performance.now()
  variant.bytes = await variant.request()
  variant.milliseconds.push(performance.now() - startedAt)
}

const describeState = ({ isSummed }: Variant) => (isSummed ? 'summed up' : 'call by call')
const computeP95 = ({ milliseconds }: Variant) => computeQuantile(milliseconds, 0.95).toFixed(1)

function createReport(measured: readonly Variant[], writes: Record<string, number[]>): BenchResult {
  const requests = measured.filter(({ name }) => name !== 'floor')
  return buildResult<Variant>({
    title: 'Usage',
    method: METHOD,
    columns: {
      calls: ({ spread }) => spread,
      days: describeState,
      by: ({ name }) => name,
      'p50, ms': ({ milliseconds }) => formatSamples(milliseconds, 1),
      'p95, ms': computeP95,
      'response, KB': ({ bytes }) => (bytes / 1_000).toFixed(1),
    },
    rows: measured,
    extraRows: Object.entries(writes).map(([name, milliseconds]) => [
      ...[`the end of a call, ${name}: ms`, '', '', formatSamples(milliseconds, 2), '', ''],
    ]),
    targets: requests
      .filter(({ isSummed }) => isSummed)
      .map(variant =>
        createTarget({
          target: `${variant.spread}, by ${variant.name}: p50 ≤ ${MAX_MILLISECONDS} ms`,
          value: computeQuartiles(variant.milliseconds),
          digits: 1,
          suffix: ` ms, p95 ${computeP95(variant)}`,
          atMost: MAX_MILLISECONDS,
        }),
      ),
    samples: Object.fromEntries(
      measured.map(variant => [`${variant.spread}, ${describeState(variant)}, ${variant.name}`, variant.milliseconds]),
    ),
  })
}
