import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import type { VariantSamples } from '../kit/sampling.ts'
import { computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import type { DatabaseBytes } from './listing-bytes.ts'
import { WRITES } from './listing-writes.ts'

export interface ListingCase {
  rows: number
  depth: 'first' | 'deep'
  concurrency: number
}

/** The samples of one variant in one case: requests per second, and the median duration of a request, in ms. */
export interface Measurement {
  variant: string
  listingCase: ListingCase
  rates: number[]
  medians: number[]
}

export interface ListingResults {
  /** At 20,000 rows. */
  small: Measurement[]
  /** At 100,000 rows. */
  large: Measurement[]
  writes: { change: VariantSamples[]; outputs: VariantSamples[] }
  /** Bytes from the database for one page of 50. */
  bytes: DatabaseBytes
  /** Bytes per generation. */
  storedBytes: { documents: number; words: number }
  /** A page of 50, plain and compressed. */
  compressed: { bytes: number; compressed: number; milliseconds: number[] }
  memory: Record<string, number>
  samples: number
  seconds: number
}

const MIN_SEED_RATIOS: Record<number, number> = { 1: 30, 16: 40 }
const MAX_FLOOR_RATIO = 1.2
const MAX_FLAT_RATIO = 1.2

interface Row extends Measurement {
  table: number
  /** The variants that it is compared with, in the same case. */
  seed: Measurement
  floor: Measurement
}

/** Builds the report. */
export function createListingReport(results: ListingResults): BenchResult {
  const rows = [...createRows(results.small, 20_000), ...createRows(results.large, 100_000)]
  return buildResult<Row>({
    title: 'Listing',
    method: describeMethod(results),
    columns: {
      table: ({ table }) => table.toLocaleString('en'),
      page: ({ listingCase }) => `${listingCase.rows}, ${listingCase.depth}`,
      'at once': ({ listingCase }) => String(listingCase.concurrency),
      variant: ({ variant }) => (variant === 'ours' ? '**ours**' : variant),
      'requests/s': ({ rates }) => formatSamples(rates, 0),
      'p50, ms': ({ medians }) => formatSamples(medians, 2),
      'times the seed': ({ rates, seed }) => formatQuartiles(computeRatio(rates, seed.rates), 1),
      'p50, times the floor': ({ medians, floor }) => formatQuartiles(computeRatio(medians, floor.medians), 2),
    },
    rows,
    extraRows: createExtraRows(results),
    targets: [...createRowTargets(rows), ...createFlatTargets(results)],
    samples: Object.fromEntries(
      rows.map(row => [`${row.table}, ${formatCase(row)}, ${row.variant}, requests/s`, row.rates]),
    ),
  })
}

function createRows(measured: readonly Measurement[], table: number): Row[] {
  return measured.map(one => ({
    ...one,
    table,
    seed: findMeasurement(measured, one.listingCase, 'seed'),
    floor: findMeasurement(measured, one.listingCase, 'floor'),
  }))
}

function describeMethod({ samples, seconds }: ListingResults): string[] {
  return [
    'Pages of a list over HTTP, the newest or 15,000 rows deep, asked for one after another or 16 at once by one process beside the',
    'servers. Of 20,000 rows 6 in 100 carry 2 MB of base64 in their parameters and 6 in 100 carry 100 KB; for 100,000 rows there are',
    '80,000 older ones without.',
    '',
    '- **seed**: whole rows with their outputs, sanitized in JavaScript; by cursor, with the index that its list needs',
    '- **seed, OFFSET**: the same by the number of rows to pass over',
    '- **JSON per request**: our tables, the JSON of each row made in SQL for each request',
    '- **as PostgREST**: our tables by the statement that PostgREST sends for rows with their outputs, over nothing but `Bun.serve`. PostgREST',
    '  itself is in no package that can be installed here',
    '- **ours**: the query service as it runs, from the text that is kept a row',
    '- **floor**: a constant text of the same length from Postgres, over the HTTP that every service has',
    '- **bare**: the same over nothing but `Bun.serve`',
    '',
    `${samples} samples of ${seconds} s, the variants in turns. Numbers are medians, the middle half of the samples in brackets; ratios are of the`,
    'same sample. Writing: 100 transactions after one another, each on a generation of four outputs, with the text kept and without.',
  ]
}

function createExtraRows({ writes, bytes, storedBytes, compressed, memory }: ListingResults): string[][] {
  const rows: [what: string, value: string][] = [
    ...Object.entries(bytes).map(([variant, count]): [string, string] => [
      `bytes from the database for a page of 50: ${variant === 'clean' ? 'ours, a clean table' : variant}`,
      count.toLocaleString('en'),
    ]),
    [
      'bytes of a page of 50, and compressed',
      `${compressed.bytes.toLocaleString('en')}, ${compressed.compressed.toLocaleString('en')}`,
    ],
    ['compressing it: ms', formatSamples(compressed.milliseconds, 2)],
    ...createWriteRows('a change of status', writes.change),
    ...createWriteRows('a change of four outputs', writes.outputs),
    ['bytes a generation: texts with their indexes', storedBytes.documents.toFixed(0)],
    ['bytes a generation: words with their index', storedBytes.words.toFixed(0)],
    ...Object.entries(memory).map(([variant, size]): [string, string] => [
      `memory after all of it: ${variant}, MB`,
      (size / 1e6).toFixed(0),
    ]),
  ]
  return rows.map(([what, value]) => [what, '', '', '', value, '', '', ''])
}

function createWriteRows(what: string, [withText, without]: readonly VariantSamples[]): [string, string][] {
  if (!withText || !without) return []
  return [
    [`${what}, text kept: ms`, formatSamples(computePerWrite(withText), 2)],
    [`${what}, not kept: ms`, formatSamples(computePerWrite(without), 2)],
    [`${what}, times as long`, formatQuartiles(computeRatio(withText.milliseconds, without.milliseconds), 2)],
  ]
}

function computePerWrite({ milliseconds }: VariantSamples): number[] {
  return milliseconds.map(all => all / WRITES)
}

function createRowTargets(rows: readonly Row[]): Target[] {
  const ours = rows.filter(({ variant }) => variant === 'ours')
  const speed = ours
    .filter(({ table }) => table === 20_000)
    .map(row => {
      const atLeast = MIN_SEED_RATIOS[row.listingCase.concurrency] ?? 0
      const target = `${formatCase(row)}: at least ${atLeast} times the seed's requests a second`
      return createTarget({ target, value: computeRatio(row.rates, row.seed.rates), digits: 1, atLeast })
    })
  const floors = ours.map(row =>
    createTarget({
      target: `${row.table.toLocaleString('en')} rows, ${formatCase(row)}: p50 at most ${MAX_FLOOR_RATIO} times the floor's`,
      value: computeRatio(row.medians, row.floor.medians),
      digits: 2,
      atMost: MAX_FLOOR_RATIO,
    }),
  )
  return [...speed, ...floors]
}

function createFlatTargets({ small, large, bytes }: ListingResults): Target[] {
  const first = findMeasurement(small, { rows: 20, depth: 'first', concurrency: 1 }, 'ours')
  const deep = findMeasurement(small, { rows: 20, depth: 'deep', concurrency: 1 }, 'ours')
  const big = findMeasurement(large, { rows: 20, depth: 'deep', concurrency: 1 }, 'ours')
  return [
    createTarget({
      target: 'flat with depth: p50 at 15,000 rows to that of the first page',
      value: computeRatio(deep.medians, first.medians),
      digits: 2,
      atMost: MAX_FLAT_RATIO,
    }),
    createTarget({
      target: 'flat with size: p50 at 100,000 rows to that at 20,000, deep',
      value: computeRatio(big.medians, deep.medians),
      digits: 2,
      atMost: MAX_FLAT_RATIO,
    }),
    createTarget({
      target: 'flat with bloat: bytes from the database more than for a clean table',
      value: bytes.ours - bytes.clean,
      digits: 0,
      atLeast: 0,
      atMost: 0,
    }),
  ]
}

function formatCase({ listingCase }: Measurement): string {
  return `page of ${listingCase.rows}, ${listingCase.depth}, ${listingCase.concurrency} at once`
}

function findMeasurement(measured: readonly Measurement[], listingCase: ListingCase, variant: string): Measurement {
  const found = measured.find(
    one =>
      one.variant === variant &&
      one.listingCase.rows === listingCase.rows &&
      one.listingCase.depth === listingCase.depth &&
      one.listingCase.concurrency === listingCase.concurrency,
  )
  if (!found)
    throw new Error(`variant ${variant} was not measured for a ${listingCase.depth} page of ${listingCase.rows}`)
  return found
}
