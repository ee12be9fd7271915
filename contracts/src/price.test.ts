import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Price } from './model.ts'
import { estimateMicros, fromMicros, getCurrency, type PricedRequest, toMicros } from './price.ts'

const REQUEST: PricedRequest = {
  width: 1536,
  height: 1024,
  settings: { quality: 'low', hd: true },
  resolution: '2K',
  references: 0,
}
const USD = { currency: 'USD' }
const TABLE = {
  ...USD,
  kind: 'table',
  by: ['quality', 'size'],
  rows: { 'low 1536x1024': 16_000, 'high 1536x1024': 250_000, '*': 99_000 },
} satisfies Price

test.each<[Price, Partial<PricedRequest>, number | null]>([
  [{ kind: 'free' }, {}, 0],
  [{ kind: 'unknown' }, {}, null],
  [{ ...USD, kind: 'quoted' }, {}, null],
  [{ ...USD, kind: 'per-output', micros: 40_000 }, {}, 40_000],
  // 1.572864 megapixels; a part of a micro-unit counts as a whole one.
  [{ ...USD, kind: 'per-megapixel', micros: 12_000 }, {}, 18_875],
  [{ ...USD, kind: 'per-second', micros: 50_001 }, { duration: 8 }, 400_008],
  [{ ...USD, kind: 'per-second', micros: 50_001 }, {}, 50_001],
  [TABLE, {}, 16_000],
  [TABLE, { settings: { quality: 'high' } }, 250_000],
  [TABLE, { settings: { quality: 'low' }, width: 64 }, 99_000],
  [TABLE, { settings: {} }, 99_000],
  [{ ...TABLE, rows: { 'low 1024x1024': 1 } }, {}, null],
  [{ ...TABLE, rows: { '*': 5 }, perReferenceMicros: 300 }, { references: 3 }, 905],
  [{ ...TABLE, by: ['resolution'], rows: { '2K': 7 } }, {}, 7],
  [{ ...TABLE, by: ['resolution'], rows: { '1024': 7 } }, { resolution: 1024 }, 7],
  [{ ...TABLE, by: ['duration', 'hd'], rows: { '8 true': 7 } }, { duration: 8 }, 7],
  [{ ...TABLE, by: ['hd'], rows: {} }, { settings: { hd: 'constructor' } }, null],
  [{ ...TABLE, kind: 'tokens', perMillion: { output: 40_000_000 } }, {}, 16_000],
])('%#: %j', (price, request, expected) => {
  expect(estimateMicros(price, { ...REQUEST, ...request })).toBe(expected)
})

test('a price in whole micro-units stays exact, and an amount between two of them is rounded up', () => {
  fc.assert(fc.property(fc.nat(1_000_000_000), micros => expect(toMicros(fromMicros(micros))).toBe(micros)))
  expect([0.07, 0.04, 0.0000001, 1.1, 0].map(toMicros)).toEqual([70_000, 40_000, 1, 1_100_000, 0])
})

test('only what costs something has a currency', () => {
  expect([getCurrency({ kind: 'free' }), getCurrency({ kind: 'unknown' }), getCurrency(TABLE)]).toEqual([
    null,
    null,
    'USD',
  ])
})
