import { availableParallelism, loadavg, totalmem } from 'node:os'
import { formatQuartiles, type Quartiles } from './statistics.ts'

/** Options of the command line. */
export interface BenchOptions {
  /** Length of the benchmarks that only wait and count. */
  minutes?: number
}

/** The result of a benchmark. */
export interface BenchResult {
  title: string
  /** The description of the variants and of the measurement, a line each. */
  method: string[]
  columns: string[]
  rows: string[][]
  targets: Target[]
  /** Everything measured, by variant: a number for each sample. */
  rounds: Record<string, number[]>
}

/** The result with the machine that it is from, as it is written to `results/<name>.json`. */
export interface Report extends BenchResult {
  machine: string
}

/** A target, and the number that was reached. */
export interface Target {
  target: string
  reached: string
  met: boolean
  /** The benchmark fails if it is not met: a count, which no other load of the machine changes. */
  isRequired?: boolean
}

/** The parts of a result, with the rows as objects. */
export interface ResultParts<Row> {
  title: string
  method: string[]
  /** The text of a row's cell, by the header of its column. */
  columns: Record<string, (row: Row) => string>
  rows: readonly Row[]
  /** Cells of rows below the others, for numbers that are of no variant. */
  extraRows?: string[][]
  targets: Target[]
  samples: Record<string, readonly number[]>
}

/** A target for a number. Of quartiles the median counts. */
export interface Limit {
  target: string
  value: Quartiles | number
  digits: number
  /** Follows the number that was reached: its unit, or what it is to be compared with. */
  suffix?: string
  atMost?: number
  atLeast?: number
}

/** Runs a benchmark and adds the machine, with the load average before and after. */
export async function runBenchmark(run: () => Promise<BenchResult>): Promise<Report> {
  const loadBefore = readLoad()
  const { title, method, ...rest } = await run()
  return { title, method, machine: describeMachine(loadBefore), ...rest }
}

/** Formats the rows of a result by its columns, and rounds its samples. */
export function buildResult<Row>(parts: ResultParts<Row>): BenchResult {
  const { title, method, columns, rows, extraRows = [], targets, samples } = parts
  const cells = Object.values(columns)
  return {
    title,
    method,
    columns: Object.keys(columns),
    rows: [...rows.map(row => cells.map(format => format(row))), ...extraRows],
    targets,
    rounds: Object.fromEntries(Object.entries(samples).map(([name, numbers]) => [name, numbers.map(roundSample)])),
  }
}

/** Compares a number with its limits. */
export function createTarget(limit: Limit): Target {
  const {
    target,
    value,
    digits,
    suffix = '',
    atMost = Number.POSITIVE_INFINITY,
    atLeast = Number.NEGATIVE_INFINITY,
  } = limit
  const [number, text] =
    typeof value === 'number' ? [value, value.toFixed(digits)] : [value.median, formatQuartiles(value, digits)]
  return { target, reached: `${text}${suffix}`, met: number <= atMost && number >= atLeast }
}

/** Formats a report for people. */
export function toMarkdown({ title, method, machine, columns, rows, targets }: Report): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const table = [line(columns), line(columns.map(() => '---')), ...rows.map(line)]
  const targetLines = targets.map(
    ({ target, reached, met }) => `- ${target}: ${reached}, ${met ? 'met' : '**not met**'}`,
  )
  return `${[`# ${title}`, '', ...method, '', `Machine: ${machine}.`, '', ...table, '', ...targetLines].join('\n')}\n`
}

function describeMachine(loadBefore: number): string {
  const memory = Math.round(totalmem() / 1024 ** 3)
  const hardware = `${availableParallelism()} cores, ${memory} GB of memory`
  const software = `Bun ${Bun.version}, ${process.platform} ${process.arch}`
  return `${hardware}, ${software}; load average ${loadBefore.toFixed(1)} before, ${readLoad().toFixed(1)} at the end`
}

/** Returns how many processes wanted to run, on average over the last minute. */
function readLoad(): number {
  const [load = 0] = loadavg()
  return load
}

function roundSample(number: number): number {
  return Math.round(number * 100) / 100
}
