import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { computeQuartiles, computeRatio, formatQuartiles, formatSamples, type Quartiles } from '../kit/statistics.ts'
import { OWN_PARTS, STUDIO_PARTS } from './idle-parts.ts'
import type { Writes } from './idle-writes.ts'

/** The measurements of one part, a number for each minute. */
export interface IdleSamples {
  name: string
  floor: string | undefined
  /** Wake-ups a second, of all threads. */
  wakeups: number[]
  /** Of one core. */
  cpuPercent: number[]
  /** Proportional set size. */
  bytes: number[]
  /** Every process that was started. */
  starts: string[]
}

export interface IdleResults {
  parts: readonly IdleSamples[]
  writes: Writes
  minutes: number
  restSeconds: number
}

const MAX_OWN_WAKEUPS = 25
const MAX_WAKEUPS = 60
const MAX_CPU_PERCENT = 1
const MAX_MEGABYTES = 250

export function createIdleReport(results: IdleResults): BenchResult {
  const { parts, writes } = results
  const own = sumParts('**launcher and services**', selectParts(parts, OWN_PARTS))
  const studio = sumParts('**the whole studio**', selectParts(parts, STUDIO_PARTS))
  const floorOf = (part: IdleSamples) => parts.find(({ name }) => name === part.floor)
  return buildResult<IdleSamples>({
    title: 'Idle',
    method: describeMethod(results),
    columns: {
      part: ({ name }) => name,
      'wake-ups a second': ({ wakeups }) => formatSamples(wakeups, 1),
      'its floor': ({ floor = '' }) => floor,
      'times the floor': part => formatRatio(part, floorOf(part)),
      '% of a core': ({ cpuPercent }) => formatSamples(cpuPercent, 2),
      'memory, MB': ({ bytes }) => formatSamples(bytes.map(toMegabytes), 0),
      'processes started': ({ starts }) => String(starts.length),
    },
    rows: [own, studio, ...parts],
    extraRows: formatWrites(writes).map(([what, count]) => [what, count, '', '', '', '', '']),
    targets: [...createLoadTargets(own, studio), ...createWriteTargets(own, writes)],
    samples: Object.fromEntries(parts.map(({ name, wakeups }) => [`${name}, wake-ups a second`, wakeups])),
  })
}

function describeMethod({ minutes, restSeconds }: IdleResults): string[] {
  return [
    `A new studio by \`bun start\`, opened by nobody, after ${restSeconds} seconds of rest: ${minutes} samples of a minute, medians, the middle half in`,
    'brackets. Its floors rest and are measured beside it at the same time: a Bun process with one timer that never fires, one that holds',
    'a connection open, nats-server and Postgres without clients.',
    '',
    '- **wake-ups**: voluntary context switches of all threads: each is a thread that slept and was woken',
    '- **% of a core**: CPU time of the processes, to 10 ms a minute',
    '- **memory**: the proportional set size; a page that several processes share counts once',
    '- **processes started**: new processes and parents of ended ones. Those of Postgres are workers of its own (autovacuum, once a minute)',
    '',
    'Work of others on the machine changes neither what is counted nor whose CPU time it is, though a busy machine costs some more of it.',
  ]
}

function formatRatio(part: IdleSamples, floor: IdleSamples | undefined): string {
  return floor ? formatQuartiles(computeRatio(part.wakeups, floor.wakeups), 1) : ''
}

function formatWrites({ rows, walBytes, sessions, logBytes }: Writes): [string, string][] {
  return [
    ['rows written', String(rows)],
    ['write-ahead log, bytes', String(walBytes)],
    ['database sessions opened', String(sessions)],
    ['logs, bytes', String(logBytes)],
  ]
}

function createLoadTargets(own: IdleSamples, studio: IdleSamples): Target[] {
  const median = (numbers: readonly number[]): Quartiles => computeQuartiles(numbers)
  return [
    createTarget({
      target: `launcher and services: ≤ ${MAX_OWN_WAKEUPS} wake-ups a second`,
      value: median(own.wakeups),
      digits: 1,
      atMost: MAX_OWN_WAKEUPS,
    }),
    createTarget({
      target: `the whole: ≤ ${MAX_WAKEUPS} wake-ups a second`,
      value: median(studio.wakeups),
      digits: 1,
      atMost: MAX_WAKEUPS,
    }),
    createTarget({
      target: `the whole: ≤ ${MAX_CPU_PERCENT} % of a core`,
      value: median(studio.cpuPercent),
      digits: 2,
      suffix: ' %',
      atMost: MAX_CPU_PERCENT,
    }),
    createTarget({
      target: `the whole: ≤ ${MAX_MEGABYTES} MB`,
      value: median(studio.bytes.map(toMegabytes)),
      digits: 0,
      suffix: ' MB',
      atMost: MAX_MEGABYTES,
    }),
  ]
}

function createWriteTargets({ starts }: IdleSamples, { rows, logBytes, sessions }: Writes): Target[] {
  const counts = {
    'launcher and services start no process': starts.length,
    'no session of the database is opened': sessions,
    'no row is written': rows,
    'no log grows': logBytes,
  }
  return Object.entries(counts).map(([target, value]) => ({
    ...createTarget({ target, value, digits: 0, atMost: 0 }),
    isRequired: true,
  }))
}

function selectParts(parts: readonly IdleSamples[], names: readonly string[]): IdleSamples[] {
  return parts.filter(({ name }) => names.includes(name))
}

function sumParts(name: string, parts: readonly IdleSamples[]): IdleSamples {
  const sum = (key: 'wakeups' | 'cpuPercent' | 'bytes') =>
    (parts[0]?.[key] ?? []).map((_, at) => parts.reduce((total, part) => total + (part[key][at] ?? 0), 0))
  return {
    name,
    floor: undefined,
    wakeups: sum('wakeups'),
    cpuPercent: sum('cpuPercent'),
    bytes: sum('bytes'),
    starts: parts.flatMap(({ starts }) => starts),
  }
}

function toMegabytes(bytes: number): number {
  return bytes / 1e6
}
