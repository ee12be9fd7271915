import { describeMachine, type Report } from '../kit/report.ts'
import { computeQuartiles } from '../kit/sampling.ts'

/** What was measured: seconds and bytes. */
export interface ColdStartResults {
  cold: { clone: number; install: number; open: number; picture: number; total: number }[]
  /** What fetching nats-server takes, where that is possible. */
  natsFetchSeconds: number | undefined
  /** A start, and the slowest part of the same start. */
  warm: { total: number; slowest: number }[]
  /** By part, after the start and after some pictures. */
  memory: { started: Record<string, number>; used: Record<string, number> }
  /** How many processes wanted to run, on average, in the minute before the first round and in the last minute. */
  load: number[]
  idleSeconds: number
  images: number
}

const MAX_COLD_SECONDS = 90
const MAX_WARM_SECONDS = 3
const MAX_SLOWEST_RATIO = 1.5
const MAX_IDLE_BYTES = 600e6

/** Puts it into words. */
export function createColdStartReport(results: ColdStartResults): Report {
  const { cold, warm, memory, load } = results
  const ratios = warm.map(({ total, slowest }) => total / slowest)
  const [started, used] = [sumMemory(memory.started), sumMemory(memory.used)]
  const totals = { cold: cold.map(sample => sample.total), warm: warm.map(sample => sample.total) }
  return {
    title: 'Cold start',
    method: describeMethod(results),
    machine: `${describeMachine()}; load average ${load.map(minute => minute.toFixed(1)).join(' before, ')} at the end`,
    columns: ['what', 'measured', 'guide'],
    rows: [
      ['**clone to first picture**', formatSeconds(totals.cold), `≤ ${MAX_COLD_SECONDS} s`],
      ...createStepRows(cold),
      [
        'if nats-server has to be fetched as well',
        results.natsFetchSeconds ? `+ ${results.natsFetchSeconds.toFixed(1)} s` : 'not possible here',
        '',
      ],
      ['**warm start to address**', formatSeconds(totals.warm), `≤ ${MAX_WARM_SECONDS} s`],
      ['slowest part of the same start', formatSeconds(warm.map(sample => sample.slowest)), ''],
      ['times the slowest part', formatQuartiles(ratios, 2), `≤ ${MAX_SLOWEST_RATIO}`],
      ['**memory, idle after the start**', formatMegabytes(started), `≤ ${formatMegabytes(MAX_IDLE_BYTES)}`],
      ...Object.entries(memory.started).map(([part, bytes]) => [part, formatMegabytes(bytes), '']),
      [`memory, idle after ${results.images} pictures`, formatMegabytes(used), ''],
    ],
    targets: [
      createTarget(
        `clone to first picture ≤ ${MAX_COLD_SECONDS} s`,
        formatSeconds(totals.cold),
        computeQuartiles(totals.cold).median <= MAX_COLD_SECONDS,
      ),
      createTarget(
        `warm start ≤ ${MAX_WARM_SECONDS} s`,
        formatSeconds(totals.warm),
        computeQuartiles(totals.warm).median <= MAX_WARM_SECONDS,
      ),
      createTarget(
        `warm start ≤ ${MAX_SLOWEST_RATIO} times its slowest part`,
        formatQuartiles(ratios, 2),
        computeQuartiles(ratios).median <= MAX_SLOWEST_RATIO,
      ),
      createTarget(
        `idle memory ≤ ${formatMegabytes(MAX_IDLE_BYTES)}`,
        formatMegabytes(started),
        started <= MAX_IDLE_BYTES,
      ),
    ],
    rounds: {
      'clone to picture, s': totals.cold,
      'warm start, s': totals.warm,
      'slowest part, s': warm.map(sample => sample.slowest),
    },
  }
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

function createStepRows(cold: ColdStartResults['cold']): string[][] {
  const steps = {
    clone: 'git clone',
    install: 'packages',
    open: 'database, interface, services',
    picture: 'the picture',
  }
  return Object.entries(steps).map(([step, name]) => [
    name,
    formatSeconds(cold.map(sample => sample[step as keyof typeof steps])),
    '',
  ])
}

function createTarget(target: string, reached: string, met: boolean): Report['targets'][number] {
  return { target, reached, met }
}

function sumMemory(memory: Record<string, number>): number {
  return Object.values(memory).reduce((sum, bytes) => sum + bytes, 0)
}

function formatSeconds(numbers: readonly number[]): string {
  return `${formatQuartiles(numbers, 1)} s`
}

function formatQuartiles(numbers: readonly number[], digits: number): string {
  const { median, low, high } = computeQuartiles(numbers)
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
