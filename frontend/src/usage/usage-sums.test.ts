import { expect, test } from 'bun:test'
import type { UsageRow } from '@darkroom/contracts/history/usage'
import { createAmountFormat, formatAmount, roundToTotal } from './amounts.ts'
import { createNames } from './names.ts'
import { NOTHING, sumUsage } from './usage-sums.ts'

const build = (row: Partial<UsageRow>): UsageRow => ({
  ...NOTHING,
  ...{ day: '2026-11-01', model: 'a/m', connection: 'a', currency: 'USD' },
  ...row,
})

test('sums up by day, model and connection, each currency apart, the most expensive first', () => {
  const rows = [
    build({ micros: 10, calls: 1 }),
    build({ day: '2026-11-02', model: 'b/m', connection: 'b', micros: 30, calls: 2 }),
    build({ day: '2026-11-02', micros: 5, calls: 4, unpricedCalls: 1 }),
    build({ currency: 'EUR', micros: 50, calls: 1 }),
  ]
  const [euros, dollars] = sumUsage({ rows })
  expect([euros?.currency, euros?.total.micros]).toEqual(['EUR', 50])
  expect(dollars?.total).toEqual({ ...NOTHING, micros: 45, calls: 7, unpricedCalls: 1 })
  expect(dollars?.models.map(({ key, micros }) => [key, micros])).toEqual([
    ['b/m', 30],
    ['a/m', 15],
  ])
  expect(dollars?.connections.map(({ key }) => key)).toEqual(['b', 'a'])
  expect([...(dollars?.days ?? [])].map(([day, { micros }]) => [day, micros]).sort()).toEqual([
    ['2026-11-01', 10],
    ['2026-11-02', 35],
  ])
  expect(sumUsage({ rows: [] })).toEqual([])
})

test('rounds amounts such that they add up to the rounded total', () => {
  const amounts = [3_333_333, 3_333_333, 3_333_334, 4_000]
  const format = createAmountFormat(10_004_000, 'USD')
  const rounded = roundToTotal(amounts, format)
  expect(rounded.map(micros => formatAmount(micros, format))).toEqual(['$3.33', '$3.33', '$3.33', '$0.01'])
  expect([10_004_000, 4_000].map(micros => formatAmount(micros, format))).toEqual(['$10.00', 'under $0.01'])
  expect(roundToTotal([40_000, 0], createAmountFormat(40_000, 'USD'))).toEqual([40_000, 0])
  expect(roundToTotal([], format)).toEqual([])
})

test('names models and connections, those of the same name with their connection, unknown ones by their id', () => {
  const model = (name: string, connection: string) => ({ name, connection, connectionName: connection.toUpperCase() })
  const models = { 'a/x': model('X', 'a'), 'b/x': model('X', 'b'), 'b/y': model('Y', 'b') }
  const names = createNames(new Map(Object.entries(models)))
  expect(['a/x', 'b/x', 'b/y', 'gone/z'].map(names.model)).toEqual(['X, A', 'X, B', 'Y', 'gone/z'])
  expect(['a', 'gone'].map(names.connection)).toEqual(['A', 'gone'])
})
