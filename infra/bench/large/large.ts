import { openBenchStack } from '../kit/bench-stack.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile, computeQuartiles, computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import {
  findMiddle,
  type LargeStudio,
  openLargeStudio,
  RARE_WORD,
  type RelationSize,
  readSizes,
} from './large-studio.ts'

const SIZES = [1_000, 100_000, 400_000]
const SAMPLES = 30
const MAX_MILLISECONDS = 20
const MAX_BYTES = 4_096
/** Most that a request may take in the largest studio, against a smaller one. */
const MAX_GROWTH = 1.5

const METHOD = [
  `Studios of ${SIZES.map(size => size.toLocaleString('en')).join(', ')} generations, made as \`seed-data\` makes them (two years of days, but ten days of the smallest), each in a`,
  'database of its own with a query service of its own, on one Postgres; vacuumed and analyzed. Requests over HTTP, one after another. To 1 in 5,000 prompts',
  'a word is appended that no other has. A deep page begins in the middle of the list. A processor has summed up the days that are over.',
  '',
  `${SAMPLES} samples, all requests of all studios in turns; medians, the middle half in brackets; ratios are of the same round, to the same request of the studio before it.`,
  'Bytes: the size of tables (with TOAST and maps) and indexes of the largest studio, by its generations.',
  '',
  'What did not help: documents without spaces compress to as much as those with them. An index of words in the order of the list without the id is',
  '30 bytes a generation smaller, and a search for several words that walks it takes twice as long.',
]

interface LargeRequest {
  name: string
  path: string
  /** Time limit in every studio. */
  hasLimit?: true
  /** Size of the studio that the largest one is compared with. */
  flatFrom?: number
}

const REQUESTS: LargeRequest[] = [
  { name: 'timeline', path: '/timeline?', hasLimit: true, flatFrom: 100_000 },
  { name: 'timeline of a zone', path: '/timeline?zone=Asia/Kathmandu', hasLimit: true, flatFrom: 100_000 },
  { name: 'timeline of favourites', path: '/timeline?favourite=true', hasLimit: true },
  { name: 'timeline of videos', path: '/timeline?kind=video', hasLimit: true },
  { name: 'timeline of images', path: '/timeline?kind=image', hasLimit: true },
  { name: 'timeline of a model', path: '/timeline?model=demo-large', hasLimit: true },
  { name: 'timeline of a model and favourites', path: '/timeline?model=demo&favourite=true' },
  { name: 'newest page', path: '?', flatFrom: 1_000 },
  { name: 'deep page', path: '?cursor=', flatFrom: 1_000 },
  { name: 'one word', path: '?q=lighthouse' },
  { name: 'three words', path: '?q=lighthouse candle linocut', hasLimit: true },
  { name: 'three words that no prompt has together', path: '?q=lighthouse foxes tram', hasLimit: true },
  { name: 'three words, one of them rare', path: `?q=lighthouse ${RARE_WORD} linocut`, hasLimit: true },
]

interface Measured extends LargeRequest {
  studio: LargeStudio
  url: string
  milliseconds: number[]
  bytes: number
}

/** Measures what a large studio costs: timelines, pages and searches by size, and bytes by table and index. */
export async function run(): Promise<BenchResult> {
  await using stack = await openBenchStack()
  const measured: Measured[] = []
  let sizes: RelationSize[] = []
  for (const size of SIZES) {
    const studio = await openLargeStudio(stack, size)
    measured.push(...(await createRequests(studio)))
    sizes = await readSizes(studio)
  }
  for (const request of measured) await send(request)
  await takeTurns(measured, SAMPLES, sample)
  await Promise.all(measured.map(({ studio }) => studio.database.end({ timeout: 2 })))
  return createReport(measured, sizes)
}

async function createRequests(studio: LargeStudio): Promise<Measured[]> {
  const middle = await findMiddle(studio)
  return REQUESTS.map(request => {
    const path = request.path.endsWith('cursor=') ? `${request.path}${middle}` : request.path
    return { ...request, studio, url: `${studio.url}/api/generations${path}`, milliseconds: [], bytes: 0 }
  })
}

async function sample(request: Measured): Promise<void> {
  const startedAt = performance.now()
  await send(request)
  request.milliseconds.push(performance.now() - startedAt)
}

async function send(request: Measured): Promise<void> {
  const response = await fetch(request.url)
  if (!response.ok) throw new Error(`${request.url} was answered by ${response.status}`)
  request.bytes = (await response.arrayBuffer()).byteLength
}

function createReport(measured: Measured[], sizes: RelationSize[]): BenchResult {
  const find = (name: string, size: number) =>
    measured.find(request => request.name === name && request.studio.generations === size)?.milliseconds ?? []
  const largest = SIZES.at(-1) ?? 0
  const ratioTo = ({ name, milliseconds }: Measured, size: number) => computeRatio(milliseconds, find(name, size))
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  const ofLargest = measured.filter(({ studio }) => studio.generations === largest)
  return buildResult<Measured>({
    title: 'Large studios',
    method: METHOD,
    columns: {
      request: ({ name }) => name,
      generations: ({ studio }) => studio.generations.toLocaleString('en'),
      'p50, ms': ({ milliseconds }) => formatSamples(milliseconds, 1),
      'p95, ms': ({ milliseconds }) => computeQuantile(milliseconds, 0.95).toFixed(1),
      'times the smallest': request => formatQuartiles(ratioTo(request, SIZES[0] ?? 0), 2),
      'response, KB': ({ bytes }) => (bytes / 1_000).toFixed(1),
    },
    rows: measured.toSorted((a, b) => order(a) - order(b)),
    extraRows: [...sizes, { name: 'all', kind: 'tables and indexes', bytes: total }].map(({ name, kind, bytes }) => [
      ...[`bytes a generation: ${kind} ${name}`, '', bytes.toFixed(bytes < 10 ? 1 : 0), '', '', ''],
    ]),
    targets: [
      ...ofLargest.filter(({ hasLimit }) => hasLimit).map(createTimeTarget),
      ...ofLargest.flatMap(request =>
        request.flatFrom === undefined ? [] : [createGrowthTarget(request, ratioTo(request, request.flatFrom))],
      ),
      createTarget({ target: 'bytes a generation ≤ 4,096', value: total, digits: 0, atMost: MAX_BYTES }),
    ],
    samples: Object.fromEntries(
      measured.map(({ name, studio, milliseconds }) => [`${name}, ${studio.generations}`, milliseconds]),
    ),
  })
}

function order({ name }: Measured): number {
  return REQUESTS.findIndex(request => request.name === name)
}

function createTimeTarget({ name, studio, milliseconds }: Measured): Target {
  const target = `${studio.generations.toLocaleString('en')}, ${name}: p50 ≤ ${MAX_MILLISECONDS} ms`
  const value = computeQuartiles(milliseconds)
  return createTarget({ target, value, digits: 1, suffix: ' ms', atMost: MAX_MILLISECONDS })
}

function createGrowthTarget({ name, flatFrom = 0, studio }: Measured, value: ReturnType<typeof computeRatio>): Target {
  const target = `${studio.generations.toLocaleString('en')}, ${name}: ≤ ${MAX_GROWTH} × that of ${flatFrom.toLocaleString('en')}`
  return createTarget({ target, value, digits: 2, atMost: MAX_GROWTH })
}
