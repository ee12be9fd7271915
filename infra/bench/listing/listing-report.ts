import { describeMachine, type Report } from '../kit/report.ts'
import { computeQuartiles, computeRatio, type Quartiles, type VariantSamples } from '../kit/sampling.ts'
import type { DatabaseBytes } from './listing-bytes.ts'

export interface ListingCase {
  rows: number
  depth: 'first' | 'deep'
  concurrency: number
}

/** What one arm did in one cell, round by round: requests a second, and the middle of what they took, in milliseconds. */
export interface Measurement {
  variant: string
  listingCase: ListingCase
  rates: number[]
  medians: number[]
}

export interface ListingResults {
  /** At 20,000 rows, and at 100,000. */
  small: Measurement[]
  large: Measurement[]
  writes: { change: VariantSamples[]; outputs: VariantSamples[] }
  /** Bytes from the database for one page of 50. */
  bytes: DatabaseBytes
  /** Bytes a generation. */
  storedBytes: { documents: number; words: number }
  /** A page of 50 as it is, and compressed. */
  compressed: { bytes: number; compressed: number; milliseconds: number[] }
  memory: Record<string, number>
  load: number
  samples: number
  seconds: number
}

const WRITES = 100
const MIN_SEED_RATIOS: Record<number, number> = { 1: 30, 16: 40 }
const MAX_FLOOR_RATIO = 1.2
const MAX_FLAT_RATIO = 1.2

/** Puts it into words. */
export function createListingReport(results: ListingResults): Report {
  const all = [
    ...results.small.map(one => ({ ...one, table: 20_000 })),
    ...results.large.map(one => ({ ...one, table: 100_000 })),
  ]
  return {
    title: 'Listing',
    method: describeMethod(results),
    machine: `${describeMachine()}; load average ${results.load.toFixed(1)} before`,
    columns: ['table', 'page', 'at once', 'variant', 'requests/s', 'p50, ms', 'times the seed', 'p50, times the floor'],
    rows: [
      ...all.map(one => toRow(one, one.table === 20_000 ? results.small : results.large, one.table)),
      ...createExtraRows(results),
    ],
    targets: createTargets(results),
    rounds: Object.fromEntries(
      all.map(one => [`${one.table}, ${formatKey(one)}, requests/s`, one.rates.map(rate => Math.round(rate))]),
    ),
  }
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
    '- **ours**: the query service as it runs, from the text that is kept a row',
    '- **floor**: a constant text of the same length from Postgres, over the HTTP that every service has',
    '- **bare**: the same over nothing but `Bun.serve`',
    '',
    `${samples} samples of ${seconds} s, the variants in turns. Numbers are medians, the middle half of the samples in brackets; ratios are of the`,
    'same sample. Writing: 100 transactions after one another, each on a generation of four outputs, with the text kept and without.',
  ]
}

function toRow(one: Measurement, among: readonly Measurement[], table: number): string[] {
  const seed = findMeasurement(among, one.listingCase, 'seed')
  const floor = findMeasurement(among, one.listingCase, 'floor')
  return [
    table.toLocaleString('en'),
    `${one.listingCase.rows}, ${one.listingCase.depth}`,
    String(one.listingCase.concurrency),
    one.variant === 'ours' ? '**ours**' : one.variant,
    formatQuartiles(computeQuartiles(one.rates), 0),
    formatQuartiles(computeQuartiles(one.medians), 2),
    formatQuartiles(computeSampleRatio(one.rates, seed.rates), 1),
    formatQuartiles(computeSampleRatio(one.medians, floor.medians), 2),
  ]
}

function createExtraRows({ writes, bytes, storedBytes, compressed, memory }: ListingResults): string[][] {
  const row = (what: string, value: string) => [what, '', '', '', value, '', '', '']
  return [
    ...Object.entries(bytes).map(([variant, count]) =>
      row(
        `bytes from the database for a page of 50: ${variant === 'clean' ? 'ours, a clean table' : variant}`,
        count.toLocaleString('en'),
      ),
    ),
    row(
      'bytes of a page of 50, and compressed',
      `${compressed.bytes.toLocaleString('en')}, ${compressed.compressed.toLocaleString('en')}`,
    ),
    row('compressing it: ms', formatQuartiles(computeQuartiles(compressed.milliseconds), 2)),
    ...(['change', 'outputs'] as const).flatMap(kind => {
      const [kept, bare] = writes[kind]
      if (!kept || !bare) return []
      const what = kind === 'change' ? 'a change of status' : 'a change of four outputs'
      return [
        row(`${what}, text kept: ms`, formatQuartiles(computePerWrite(kept), 2)),
        row(`${what}, not kept: ms`, formatQuartiles(computePerWrite(bare), 2)),
        row(`${what}, times as long`, formatQuartiles(computeRatio(kept, bare), 2)),
      ]
    }),
    row('bytes a generation: texts with their indexes', storedBytes.documents.toFixed(0)),
    row('bytes a generation: words with their index', storedBytes.words.toFixed(0)),
    ...Object.entries(memory).map(([variant, size]) =>
      row(`memory after all of it: ${variant}, MB`, (size / 1e6).toFixed(0)),
    ),
  ]
}

function createTargets({ small, large, bytes }: ListingResults): Report['targets'] {
  const ours = [...small, ...large].filter(one => one.variant === 'ours')
  const against = (one: Measurement) => (small.includes(one) ? small : large)
  const faster = small
    .filter(one => one.variant === 'ours')
    .map(one => ({ one, ratio: computeSampleRatio(one.rates, findMeasurement(small, one.listingCase, 'seed').rates) }))
  const speed = faster.map(({ one, ratio }) => ({
    target: `${formatCase(one)}: at least ${MIN_SEED_RATIOS[one.listingCase.concurrency]} times the seed's requests a second`,
    reached: formatQuartiles(ratio, 1),
    met: ratio.median >= (MIN_SEED_RATIOS[one.listingCase.concurrency] ?? 0),
  }))
  const floors = ours.map(one => {
    const ratio = computeSampleRatio(one.medians, findMeasurement(against(one), one.listingCase, 'floor').medians)
    const table = small.includes(one) ? '20,000' : '100,000'
    return {
      target: `${table} rows, ${formatCase(one)}: p50 at most ${MAX_FLOOR_RATIO} times the floor's`,
      reached: formatQuartiles(ratio, 2),
      met: ratio.median <= MAX_FLOOR_RATIO,
    }
  })
  const first = findMeasurement(small, { rows: 20, depth: 'first', concurrency: 1 }, 'ours')
  const deep = findMeasurement(small, { rows: 20, depth: 'deep', concurrency: 1 }, 'ours')
  const big = findMeasurement(large, { rows: 20, depth: 'deep', concurrency: 1 }, 'ours')
  const flat = [
    {
      target: 'flat with depth: p50 at 15,000 rows to that of the first page',
      ratio: computeSampleRatio(deep.medians, first.medians),
    },
    {
      target: 'flat with size: p50 at 100,000 rows to that at 20,000, deep',
      ratio: computeSampleRatio(big.medians, deep.medians),
    },
  ].map(({ target, ratio }) => ({ target, reached: formatQuartiles(ratio, 2), met: ratio.median <= MAX_FLAT_RATIO }))
  const extra = bytes.ours - bytes.clean
  const bloat = {
    target: 'flat with bloat: bytes from the database more than for a clean table',
    reached: String(extra),
    met: extra === 0,
  }
  return [...speed, ...floors, ...flat, bloat]
}

function formatCase({ listingCase }: Measurement): string {
  return `page of ${listingCase.rows}, ${listingCase.depth}, ${listingCase.concurrency} at once`
}

function formatKey(one: Measurement): string {
  return `${formatCase(one)}, ${one.variant}`
}

function findMeasurement(among: readonly Measurement[], listingCase: ListingCase, variant: string): Measurement {
  const found = among.find(
    one =>
      one.variant === variant &&
      one.listingCase.rows === listingCase.rows &&
      one.listingCase.depth === listingCase.depth &&
      one.listingCase.concurrency === listingCase.concurrency,
  )
  if (!found) throw new Error(`there is no variant ${variant}`)
  return found
}

function computeSampleRatio(of: readonly number[], to: readonly number[]): Quartiles {
  return computeQuartiles(of.map((number, round) => number / (to[round] ?? Number.NaN)))
}

function computePerWrite({ milliseconds }: VariantSamples): Quartiles {
  return computeQuartiles(milliseconds.map(all => all / WRITES))
}

function formatQuartiles({ median, low, high }: Quartiles, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
