import { describeMachine, type Report } from '../kit/report.ts'
import { spreadOf } from '../kit/sampling.ts'

/** What was measured: seconds and bytes. */
export interface Found {
  cold: { clone: number; install: number; open: number; picture: number; total: number }[]
  /** What fetching nats-server takes, where that is possible. */
  fetched: number | undefined
  /** A start, and the slowest part of the same start. */
  warm: { total: number; slowest: number }[]
  /** By part, after the start and after some pictures. */
  memory: { started: Record<string, number>; used: Record<string, number> }
  /** How many processes wanted to run, on average, in the minute before the first round and in the last minute. */
  load: number[]
  idleSeconds: number
  pictures: number
}

const COLD_SECONDS = 90
const WARM_SECONDS = 3
const TIMES_SLOWEST = 1.5
const IDLE_BYTES = 600e6

/** Puts it into words. */
export function coldStartReport(found: Found): Report {
  const { cold, warm, memory, load } = found
  const ratios = warm.map(({ total, slowest }) => total / slowest)
  const [started, used] = [sumOf(memory.started), sumOf(memory.used)]
  const totals = { cold: cold.map(round => round.total), warm: warm.map(round => round.total) }
  return {
    title: 'Cold start',
    method: methodOf(found),
    machine: `${describeMachine()}; load average ${load.map(minute => minute.toFixed(1)).join(' before, ')} at the end`,
    columns: ['what', 'measured', 'guide'],
    rows: [
      ['**clone to first picture**', seconds(totals.cold), `≤ ${COLD_SECONDS} s`],
      ...stepsOf(cold),
      [
        'if nats-server has to be fetched as well',
        found.fetched ? `+ ${found.fetched.toFixed(1)} s` : 'not possible here',
        '',
      ],
      ['**warm start to address**', seconds(totals.warm), `≤ ${WARM_SECONDS} s`],
      ['slowest part of the same start', seconds(warm.map(round => round.slowest)), ''],
      ['times the slowest part', words(ratios, 2), `≤ ${TIMES_SLOWEST}`],
      ['**memory, idle after the start**', megabytes(started), `≤ ${megabytes(IDLE_BYTES)}`],
      ...Object.entries(memory.started).map(([part, bytes]) => [part, megabytes(bytes), '']),
      [`memory, idle after ${found.pictures} pictures`, megabytes(used), ''],
    ],
    targets: [
      target(
        `clone to first picture ≤ ${COLD_SECONDS} s`,
        seconds(totals.cold),
        spreadOf(totals.cold).median <= COLD_SECONDS,
      ),
      target(`warm start ≤ ${WARM_SECONDS} s`, seconds(totals.warm), spreadOf(totals.warm).median <= WARM_SECONDS),
      target(
        `warm start ≤ ${TIMES_SLOWEST} times its slowest part`,
        words(ratios, 2),
        spreadOf(ratios).median <= TIMES_SLOWEST,
      ),
      target(`idle memory ≤ ${megabytes(IDLE_BYTES)}`, megabytes(started), started <= IDLE_BYTES),
    ],
    rounds: {
      'clone to picture, s': totals.cold,
      'warm start, s': totals.warm,
      'slowest part, s': warm.map(round => round.slowest),
    },
  }
}

function methodOf({ cold, warm, idleSeconds, pictures }: Found): string[] {
  return [
    `- **clone to first picture** (${cold.length} rounds): \`git clone\` of HEAD, then \`bun start\` in it with an empty package cache and an empty data`,
    '  folder, until the first picture of the demo model has been read back. Bun and nats-server are on the machine; git clones',
    '  from its disk',
    `- **warm start** (${warm.length} rounds): \`bun start\` on data that is there, until it prints its address; against the slowest part of the same`,
    '  start, as the launcher prints it, to 0.1 s, while the other parts start beside it',
    `- **memory**: the proportional set size of all processes, ${idleSeconds} s after the start, and ${idleSeconds} s after ${pictures} pictures of 512 × 512`,
    '',
    'Times are medians, the middle half of the rounds in brackets.',
  ]
}

function stepsOf(cold: Found['cold']): string[][] {
  const steps = {
    clone: 'git clone',
    install: 'packages',
    open: 'database, interface, services',
    picture: 'the picture',
  }
  return Object.entries(steps).map(([step, name]) => [
    name,
    seconds(cold.map(round => round[step as keyof typeof steps])),
    '',
  ])
}

function target(target: string, reached: string, met: boolean): Report['targets'][number] {
  return { target, reached, met }
}

function sumOf(memory: Record<string, number>): number {
  return Object.values(memory).reduce((sum, bytes) => sum + bytes, 0)
}

function seconds(numbers: readonly number[]): string {
  return `${words(numbers, 1)} s`
}

function words(numbers: readonly number[], digits: number): string {
  const { median, low, high } = spreadOf(numbers)
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
