import { loadavg } from 'node:os'
import { sleep } from '../../src/runtime/timers.ts'
import { serveBenchPages } from '../kit/bench-pages.ts'
import { openPage, type Page } from '../kit/page.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { computeQuartiles, type Quartiles } from '../kit/sampling.ts'
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

/** Rings that run, and what they cost the main thread. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using pages = await serveBenchPages({})
  const results: VariantResult[] = COUNTS.flatMap(count => VARIANTS.map(variant => ({ variant, count, samples: [] })))
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (let turn = 0; turn < results.length; turn++) {
      const result = results[(sample + turn) % results.length]
      result?.samples.push(await measure(`${pages.url}/progress.html?arm=${result.variant}&count=${result.count}`))
    }
  }
  return {
    title: 'Progress',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['variant', 'rings', 'main thread ms/s', 'script', 'style', 'paint', 'part of the seed’s main thread'],
    rows: results.map(result => toRow(result, findSeed(results, result.count))),
    targets: results
      .filter(({ variant }) => variant === 'ours')
      .flatMap(result => createTargets(result, findSeed(results, result.count))),
    rounds: Object.fromEntries(
      results.map(({ variant, count, samples }) => [
        `${variant} ${count} ms/s`,
        samples.map(({ task }) => Number(task.toFixed(2))),
      ]),
    ),
  }
}

async function measure(url: string): Promise<MainThreadWork> {
  await using page = await openPage(url)
  await page.command('Emulation.setDeviceMetricsOverride', {
    width: 1440,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  })
  await waitUntilSettled(page)
  return await traceWork(page, () => sleep(TRACE_MS, neverAborted))
}

async function waitUntilSettled(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready.then(() => 0)')
  await sleep(700, neverAborted)
}

function findSeed(results: readonly VariantResult[], count: number): VariantResult {
  const seed = results.find(result => result.variant === 'seed' && result.count === count)
  if (!seed) throw new Error('the seed was not measured')
  return seed
}

function toRow({ variant, count, samples }: VariantResult, seed: VariantResult): string[] {
  const formatSamples = (pick: (work: MainThreadWork) => number, digits: number) =>
    formatQuartiles(computeQuartiles(samples.map(pick)), digits)
  const share = variant === 'ours' || variant === 'interval' ? formatQuartiles(computeShare(samples, seed), 3) : ''
  return [
    variant,
    String(count),
    formatSamples(work => work.task, 1),
    formatSamples(work => work.script, 0),
    formatSamples(work => work.style, 0),
    formatSamples(work => work.paint, 0),
    share,
  ]
}

function createTargets({ count, samples }: VariantResult, seed: VariantResult): Report['targets'] {
  const maxOf = (pick: (work: MainThreadWork) => number) => Math.max(...samples.map(pick))
  const counts = [maxOf(work => work.script), maxOf(work => work.style), maxOf(work => work.paint)]
  const share = computeShare(samples, seed)
  return [
    {
      target: `${count} rings: no script, style or paint`,
      reached: `at most ${counts.join(', ')} in any sample`,
      met: counts.every(times => times === 0),
    },
    {
      target: `${count} rings: at most 1/${MIN_SEED_RATIO} of the seed’s main thread`,
      reached: `1/${(1 / share.median).toFixed(0)}`,
      met: share.median <= 1 / MIN_SEED_RATIO,
    },
  ]
}

function computeShare(samples: readonly MainThreadWork[], seed: VariantResult): Quartiles {
  return computeQuartiles(samples.map(({ task }, sample) => task / (seed.samples[sample]?.task ?? Number.NaN)))
}

function formatQuartiles({ median, low, high }: Quartiles, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
