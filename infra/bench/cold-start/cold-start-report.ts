import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { computeQuartiles, computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'

/** The measurements, in seconds and bytes. */
export interface ColdStartResults {
  cold: { clone: number; install: number; open: number; image: number; total: number }[]
  /** Time to fetch nats-server; undefined without a network. */
  natsFetchSeconds: number | undefined
  /** The duration of a start, and of the slowest part of the same start. */
  warm: { total: number; slowest: number }[]
  /** Memory by part, after the start and after some images. */
  memory: { started: Record<string, number>; used: Record<string, number> }
  idleSeconds: number
  images: number
}

interface Row {
  what: string
  measured: string
  guide?: string
}

const MAX_COLD_SECONDS = 90
const MAX_WARM_SECONDS = 3
const MAX_SLOWEST_RATIO = 1.5
const MAX_IDLE_BYTES = 600e6

/** Builds the report. */
export function createColdStartReport(results: ColdStartResults): BenchResult {
  const cold = results.cold.map(sample => sample.total)
  const warm = results.warm.map(sample => sample.total)
  const slowest = results.warm.map(sample => sample.slowest)
  return buildResult<Row>({
    title: 'Cold start',
    method: describeMethod(results),
    columns: { what: row => row.what, measured: row => row.measured, guide: row => row.guide ?? '' },
    rows: [...createColdRows(results), ...createWarmRows(warm, slowest), ...createMemoryRows(results)],
    targets: [
      ...createTimeTargets({ cold, warm, slowest }),
      createTarget({
        target: `idle memory ≤ ${formatMegabytes(MAX_IDLE_BYTES)}`,
        value: sumMemory(results.memory.started) / 1e6,
        digits: 0,
        suffix: ' MB',
        atMost: MAX_IDLE_BYTES / 1e6,
      }),
    ],
    samples: { 'clone to picture, s': cold, 'warm start, s': warm, 'slowest part, s': slowest },
  })
}

function describeMethod({ cold, warm, idleSeconds, images }: ColdStartResults): string[] {
  return [
    `- **clone to first picture** (${cold.length} samples): \`git clone\` of HEAD, then \`bun start\` in it with an empty package cache and an empty data`,
    '  folder, until the first picture of the demo model has been read back. Bun and nats-server are on the machine; git clones',
    '  from its disk',
    `- **warm start** (${warm.length} samples): \`bun start\` on data that is there, until it prints its address; against the slowest part of the same`,
    '  start, as the launcher prints it, to 0.1 s, while the other parts start beside it',
    `- **memory**: the proportional set size of all processes, ${idleSeconds} s after the start, and ${idleSeconds} s after ${images} pictures of 512 × 512`,
    '',
    'Times are medians, the middle half of the samples in brackets.',
  ]
}

function createColdRows({ cold, natsFetchSeconds }: ColdStartResults): Row[] {
  const steps = [
    ['clone', 'git clone'],
    ['install', 'packages'],
    ['open', 'database, interface, services'],
    ['image', 'the picture'],
  ] as const
  const total = formatSeconds(cold.map(sample => sample.total))
  return [
    { what: '**clone to first picture**', measured: total, guide: `≤ ${MAX_COLD_SECONDS} s` },
    ...steps.map(([step, what]) => ({ what, measured: formatSeconds(cold.map(sample => sample[step])) })),
    {
      what: 'if nats-server has to be fetched as well',
      measured: natsFetchSeconds ? `+ ${natsFetchSeconds.toFixed(1)} s` : 'not possible here',
    },
  ]
}

function createWarmRows(total: number[], slowest: number[]): Row[] {
  const ratio = formatQuartiles(computeRatio(total, slowest), 2)
  return [
    { what: '**warm start to address**', measured: formatSeconds(total), guide: `≤ ${MAX_WARM_SECONDS} s` },
    { what: 'slowest part of the same start', measured: formatSeconds(slowest) },
    { what: 'times the slowest part', measured: ratio, guide: `≤ ${MAX_SLOWEST_RATIO}` },
  ]
}

function createMemoryRows({ memory, images }: ColdStartResults): Row[] {
  const guide = `≤ ${formatMegabytes(MAX_IDLE_BYTES)}`
  return [
    { what: '**memory, idle after the start**', measured: formatMegabytes(sumMemory(memory.started)), guide },
    ...Object.entries(memory.started).map(([what, bytes]) => ({ what, measured: formatMegabytes(bytes) })),
    { what: `memory, idle after ${images} pictures`, measured: formatMegabytes(sumMemory(memory.used)) },
  ]
}

function createTimeTargets({ cold, warm, slowest }: Record<'cold' | 'warm' | 'slowest', number[]>): Target[] {
  const seconds = { digits: 1, suffix: ' s' }
  return [
    createTarget({
      target: `clone to first picture ≤ ${MAX_COLD_SECONDS} s`,
      value: computeQuartiles(cold),
      atMost: MAX_COLD_SECONDS,
      ...seconds,
    }),
    createTarget({
      target: `warm start ≤ ${MAX_WARM_SECONDS} s`,
      value: computeQuartiles(warm),
      atMost: MAX_WARM_SECONDS,
      ...seconds,
    }),
    createTarget({
      target: `warm start ≤ ${MAX_SLOWEST_RATIO} times its slowest part`,
      value: computeRatio(warm, slowest),
      digits: 2,
      atMost: MAX_SLOWEST_RATIO,
    }),
  ]
}

function sumMemory(memory: Record<string, number>): number {
  return Object.values(memory).reduce((sum, bytes) => sum + bytes, 0)
}

function formatSeconds(numbers: readonly number[]): string {
  return `${formatSamples(numbers, 1)} s`
}

function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
