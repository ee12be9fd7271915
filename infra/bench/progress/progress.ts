import { sleep } from '../../src/runtime/timers.ts'
import { serveBenchPages } from '../kit/bench-pages.ts'
import { openPage, type Page, setViewport } from '../kit/page.ts'
import { type BenchResult, buildResult, type Target } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeRatio, formatQuartiles, formatSamples, type Quartiles } from '../kit/statistics.ts'
import { type MainThreadWork, traceWork } from './progress-trace.ts'

const COUNTS = [50, 200]
const VARIANTS = ['idle', 'interval', 'seed', 'ours'] as const
const SAMPLES = 10
const TRACE_MS = 2_000
const neverAborted = new AbortController().signal
const MIN_SEED_RATIO = 30

const METHOD = [
  'So many rings at once in Chromium, 1440 × 900, without a GPU, traced for two seconds:',
  '',
  '- **idle**: rings that stand still',
  '- **interval**: each ring set by a timer of its own every 100 ms, as before the seed',
  '- **seed**: keyframes of `stroke-dashoffset`, as the seed has them',
  '- **ours**: the component of the page: two clipped halves moved by `transform`',
  '',
  'Milliseconds of the main thread a second, and how often in the two seconds it ran script, computed style and painted.',
  `${SAMPLES} samples, the variants in turns; medians, the middle half in brackets. Ratios are of the same sample.`,
]

interface VariantResult {
  variant: string
  count: number
  samples: MainThreadWork[]
}

/** Measures the cost of running progress rings for the main thread. */
export async function run(): Promise<BenchResult> {
  await using pages = await serveBenchPages({})
  const results: VariantResult[] = COUNTS.flatMap(count => VARIANTS.map(variant => ({ variant, count, samples: [] })))
  await takeTurns(results, SAMPLES, async ({ variant, count, samples }) => {
    samples.push(await measure(`${pages.url}/progress.html?variant=${variant}&count=${count}`))
  })
  return createReport(results)
}

async function measure(url: string): Promise<MainThreadWork> {
  await using page = await openPage(url)
  await setViewport(page)
  await waitUntilSettled(page)
  return await traceWork(page, () => sleep(TRACE_MS, neverAborted))
}

async function waitUntilSettled(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready.then(() => 0)')
  await sleep(700, neverAborted)
}

function findSeed(results: readonly VariantResult[], count: number): VariantResult {
  const seed = results.find(result => result.variant === 'seed' && result.count === count)
  if (!seed) throw new Error(`the seed was not measured with ${count} rings`)
  return seed
}

function createReport(results: readonly VariantResult[]): BenchResult {
  const shareOf = (result: VariantResult) => computeShare(result, findSeed(results, result.count))
  const format = (samples: readonly MainThreadWork[], kind: keyof MainThreadWork, digits = 0) =>
    formatSamples(listWork(samples, kind), digits)
  return buildResult<VariantResult>({
    title: 'Progress',
    method: METHOD,
    columns: {
      variant: ({ variant }) => variant,
      rings: ({ count }) => String(count),
      'main thread ms/s': ({ samples }) => format(samples, 'task', 1),
      script: ({ samples }) => format(samples, 'script'),
      style: ({ samples }) => format(samples, 'style'),
      paint: ({ samples }) => format(samples, 'paint'),
      'part of the seed’s main thread': result =>
        ['ours', 'interval'].includes(result.variant) ? formatQuartiles(shareOf(result), 3) : '',
    },
    rows: results,
    targets: results
      .filter(({ variant }) => variant === 'ours')
      .flatMap(result => createTargets(result, shareOf(result).median)),
    samples: Object.fromEntries(
      results.map(({ variant, count, samples }) => [`${variant} ${count} ms/s`, listWork(samples, 'task')]),
    ),
  })
}

function createTargets({ count, samples }: VariantResult, share: number): Target[] {
  const counts = (['script', 'style', 'paint'] as const).map(kind => Math.max(...listWork(samples, kind)))
  return [
    {
      target: `${count} rings: no script, style or paint`,
      reached: `at most ${counts.join(', ')} in any sample`,
      met: counts.every(times => times === 0),
    },
    {
      target: `${count} rings: at most 1/${MIN_SEED_RATIO} of the seed’s main thread`,
      reached: `1/${(1 / share).toFixed(0)}`,
      met: share <= 1 / MIN_SEED_RATIO,
    },
  ]
}

function listWork(samples: readonly MainThreadWork[], kind: keyof MainThreadWork): number[] {
  return samples.map(work => work[kind])
}

function computeShare({ samples }: VariantResult, seed: VariantResult): Quartiles {
  return computeRatio(listWork(samples, 'task'), listWork(seed.samples, 'task'))
}
