import { describeMachine, type Report } from '../kit/report.ts'
import { type Measured, ratioOf, type Spread, spreadOf } from '../kit/sampling.ts'
import type { Bytes } from './listing-bytes.ts'

export interface Cell {
  rows: number
  depth: 'first' | 'deep'
  atOnce: number
}

/** What one arm did in one cell, round by round: requests a second, and the middle of what they took, in milliseconds. */
export interface Measurement {
  arm: string
  cell: Cell
  rates: number[]
  middles: number[]
}

export interface Found {
  /** At 20,000 rows, and at 100,000. */
  small: Measurement[]
  large: Measurement[]
  writes: { change: Measured[]; outputs: Measured[] }
  /** Bytes from the database for one page of 50. */
  bytes: Bytes
  /** Bytes a generation. */
  kept: { documents: number; words: number }
  /** A page of 50 as it is, and compressed. */
  packed: { bytes: number; packed: number; milliseconds: number[] }
  memory: Record<string, number>
  load: number
  rounds: number
  seconds: number
}

const WRITES = 100
const TIMES_SEED: Record<number, number> = { 1: 30, 16: 40 }
const TIMES_FLOOR = 1.2
const FLAT = 1.2

/** Puts it into words. */
export function listingReport(found: Found): Report {
  const all = [
    ...found.small.map(one => ({ ...one, table: 20_000 })),
    ...found.large.map(one => ({ ...one, table: 100_000 })),
  ]
  return {
    title: 'Listing',
    method: methodOf(found),
    machine: `${describeMachine()}; load average ${found.load.toFixed(1)} before`,
    columns: ['table', 'page', 'at once', 'arm', 'requests/s', 'p50, ms', 'times the seed', 'p50, times the floor'],
    rows: [
      ...all.map(one => rowOf(one, one.table === 20_000 ? found.small : found.large, one.table)),
      ...extraRows(found),
    ],
    targets: targetsOf(found),
    rounds: Object.fromEntries(
      all.map(one => [`${one.table}, ${keyOf(one)}, requests/s`, one.rates.map(rate => Math.round(rate))]),
    ),
  }
}

function methodOf({ rounds, seconds }: Found): string[] {
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
    `${rounds} rounds of ${seconds} s, the arms in turns. Numbers are medians, the middle half of the rounds in brackets; ratios are of the`,
    'same round. Writing: 100 transactions after one another, each on a generation of four outputs, with the text kept and without.',
  ]
}

function rowOf(one: Measurement, among: readonly Measurement[], table: number): string[] {
  const seed = armOf(among, one.cell, 'seed')
  const floor = armOf(among, one.cell, 'floor')
  return [
    table.toLocaleString('en'),
    `${one.cell.rows}, ${one.cell.depth}`,
    String(one.cell.atOnce),
    one.arm === 'ours' ? '**ours**' : one.arm,
    words(spreadOf(one.rates), 0),
    words(spreadOf(one.middles), 2),
    words(quotient(one.rates, seed.rates), 1),
    words(quotient(one.middles, floor.middles), 2),
  ]
}

function extraRows({ writes, bytes, kept, packed, memory }: Found): string[][] {
  const row = (what: string, value: string) => [what, '', '', '', value, '', '', '']
  return [
    ...Object.entries(bytes).map(([arm, count]) =>
      row(
        `bytes from the database for a page of 50: ${arm === 'clean' ? 'ours, a clean table' : arm}`,
        count.toLocaleString('en'),
      ),
    ),
    row(
      'bytes of a page of 50, and compressed',
      `${packed.bytes.toLocaleString('en')}, ${packed.packed.toLocaleString('en')}`,
    ),
    row('compressing it: ms', words(spreadOf(packed.milliseconds), 2)),
    ...(['change', 'outputs'] as const).flatMap(kind => {
      const [kept, bare] = writes[kind]
      if (!kept || !bare) return []
      const what = kind === 'change' ? 'a change of status' : 'a change of four outputs'
      return [
        row(`${what}, text kept: ms`, words(each(kept), 2)),
        row(`${what}, not kept: ms`, words(each(bare), 2)),
        row(`${what}, times as long`, words(ratioOf(kept, bare), 2)),
      ]
    }),
    row('bytes a generation: texts with their indexes', kept.documents.toFixed(0)),
    row('bytes a generation: words with their index', kept.words.toFixed(0)),
    ...Object.entries(memory).map(([arm, size]) => row(`memory after all of it: ${arm}, MB`, (size / 1e6).toFixed(0))),
  ]
}

function targetsOf({ small, large, bytes }: Found): Report['targets'] {
  const ours = [...small, ...large].filter(one => one.arm === 'ours')
  const against = (one: Measurement) => (small.includes(one) ? small : large)
  const faster = small
    .filter(one => one.arm === 'ours')
    .map(one => ({ one, ratio: quotient(one.rates, armOf(small, one.cell, 'seed').rates) }))
  const speed = faster.map(({ one, ratio }) => ({
    target: `${labelOf(one)}: at least ${TIMES_SEED[one.cell.atOnce]} times the seed's requests a second`,
    reached: words(ratio, 1),
    met: ratio.median >= (TIMES_SEED[one.cell.atOnce] ?? 0),
  }))
  const floors = ours.map(one => {
    const ratio = quotient(one.middles, armOf(against(one), one.cell, 'floor').middles)
    const table = small.includes(one) ? '20,000' : '100,000'
    return {
      target: `${table} rows, ${labelOf(one)}: p50 at most ${TIMES_FLOOR} times the floor's`,
      reached: words(ratio, 2),
      met: ratio.median <= TIMES_FLOOR,
    }
  })
  const first = armOf(small, { rows: 20, depth: 'first', atOnce: 1 }, 'ours')
  const deep = armOf(small, { rows: 20, depth: 'deep', atOnce: 1 }, 'ours')
  const big = armOf(large, { rows: 20, depth: 'deep', atOnce: 1 }, 'ours')
  const flat = [
    {
      target: 'flat with depth: p50 at 15,000 rows to that of the first page',
      ratio: quotient(deep.middles, first.middles),
    },
    {
      target: 'flat with size: p50 at 100,000 rows to that at 20,000, deep',
      ratio: quotient(big.middles, deep.middles),
    },
  ].map(({ target, ratio }) => ({ target, reached: words(ratio, 2), met: ratio.median <= FLAT }))
  const extra = bytes.ours - bytes.clean
  const bloat = {
    target: 'flat with bloat: bytes from the database more than for a clean table',
    reached: String(extra),
    met: extra === 0,
  }
  return [...speed, ...floors, ...flat, bloat]
}

function labelOf({ cell }: Measurement): string {
  return `page of ${cell.rows}, ${cell.depth}, ${cell.atOnce} at once`
}

function keyOf(one: Measurement): string {
  return `${labelOf(one)}, ${one.arm}`
}

function armOf(among: readonly Measurement[], cell: Cell, arm: string): Measurement {
  const found = among.find(
    one =>
      one.arm === arm &&
      one.cell.rows === cell.rows &&
      one.cell.depth === cell.depth &&
      one.cell.atOnce === cell.atOnce,
  )
  if (!found) throw new Error(`there is no arm ${arm}`)
  return found
}

function quotient(of: readonly number[], to: readonly number[]): Spread {
  return spreadOf(of.map((number, round) => number / (to[round] ?? Number.NaN)))
}

function each({ milliseconds }: Measured): Spread {
  return spreadOf(milliseconds.map(all => all / WRITES))
}

function words({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
