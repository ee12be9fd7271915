import { expect, test } from 'bun:test'
import { addMonths, listDays, listMonths, parseMonth } from './month.ts'
import { createPlotScale, listLabels, moveDay } from './plot-scale.ts'

test.each([
  [4_100_000, [0, 2_000_000, 4_000_000], 0],
  [1_000_000, [0, 500_000, 1_000_000], 1],
  [61_000_000, [0, 50_000_000], 0],
  [39_000, [0, 20_000], 2],
  [2, [0, 1, 2], 6],
])('a plot up to %d has the lines %j', (top, ticks, digits) => {
  expect(createPlotScale([0, top, top / 2])).toEqual({ top, ticks, digits })
})

test('a month without costs has no scale', () => {
  expect([createPlotScale([]), createPlotScale([0, 0])]).toEqual([null, null])
})

test('labels every seventh day, and today instead of those beside it', () => {
  const days = listDays('2026-11')
  expect(listLabels(days, '2026-12-01')).toEqual([0, 7, 14, 21, 28])
  expect(listLabels(days, '2026-11-26')).toEqual([0, 7, 14, 25])
})

test('keys move through the days and stop at both ends', () => {
  expect(['ArrowLeft', 'ArrowRight', 'PageUp', 'Home', 'End', 'a'].map(key => moveDay(key, 25, 30))).toEqual([
    ...[24, 26, 29, 0, 29, undefined],
  ])
  expect(moveDay('ArrowLeft', 0, 30)).toBe(0)
})

test('months have their days, leap years theirs, and none is later than the present one', () => {
  expect(['2026-02', '2028-02', '2026-12'].map(month => listDays(month).length)).toEqual([28, 29, 31])
  expect([addMonths('2026-01', -1), addMonths('2026-12', 1)]).toEqual(['2025-12', '2027-01'])
  expect(['2026-10', '2026-12', '2026-13', '', 'x'].map(text => parseMonth(text, '2026-11'))).toEqual([
    ...['2026-10', '2026-11', '2026-11', '2026-11', '2026-11'],
  ])
  expect(listMonths('2026-11', '2026-10')).toHaveLength(24)
  expect(listMonths('2026-11', '2020-01').at(-1)).toBe('2020-01')
})
