import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { computeLabels, computeTicks } from './scale-marks.ts'
import { computeStops, findStop, indexOfDay, toLocalDay } from './timeline-scale.ts'

const TIMELINE = {
  days: [
    { day: '2026-02-01', count: 10 },
    { day: '2026-01-31', count: 10 },
    { day: '2025-12-31', count: 80 },
  ],
}

/** Returns the labels of days with equal numbers of generations, as `unit day`. */
function labelsOf(days: readonly string[], height: number): string[] {
  const stops = computeStops({ days: days.toReversed().map(day => ({ day, count: 1 })) })
  return computeLabels(stops, height).map(({ unit, day }) => `${unit} ${day}`)
}

test('spaces days by their numbers of generations, the oldest at the top', () => {
  const stops = computeStops(TIMELINE)
  expect(stops.map(({ day, share }) => [day, share])).toEqual([
    ['2025-12-31', 0],
    ['2026-01-31', 0.8],
    ['2026-02-01', 0.9],
  ])
  expect([0, 0.79, 0.8, 1].map(share => findStop(stops, share)?.day)).toEqual([
    '2025-12-31',
    '2025-12-31',
    '2026-01-31',
    '2026-02-01',
  ])
})

test('finds a day without generations at the last one before it', () => {
  expect(
    ['2020-01-01', '2026-01-30', '2026-01-31', '2030-01-01'].map(day => indexOfDay(computeStops(TIMELINE), day)),
  ).toEqual([0, 0, 1, 2])
})

test('labels years if there are several, and months where there is space', () => {
  expect(labelsOf(['2025-11-30', '2025-12-01', '2026-01-01', '2026-02-01'], 400)).toEqual([
    'year 2025-11-30',
    'month 2025-12-01',
    'year 2026-01-01',
    'month 2026-02-01',
  ])
  expect(labelsOf(['2025-11-30', '2025-12-01', '2026-01-01', '2026-02-01'], 120)).toEqual([
    'year 2025-11-30',
    'year 2026-01-01',
  ])
})

test('labels months alone within a year, and days within two months', () => {
  expect(labelsOf(['2026-09-02', '2026-10-01', '2026-11-01'], 400)).toEqual([
    'month 2026-09-02',
    'month 2026-10-01',
    'month 2026-11-01',
  ])
  expect(labelsOf(['2026-10-30', '2026-10-31', '2026-11-01'], 400)).toEqual([
    'day 2026-10-30',
    'day 2026-10-31',
    'day 2026-11-01',
  ])
})

test('overlaps no labels and no ticks, and draws a day by its number of generations', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 120 })
  fc.assert(
    fc.property(counts, fc.integer({ min: 50, max: 900 }), (months, height) => {
      const days = months.map((count, index) => ({
        day: `${2010 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-15`,
        count,
      }))
      const stops = computeStops({ days: days.reverse() })
      expectGaps(computeLabels(stops, height), height, 28)
      const ticks = computeTicks(stops, [], height)
      expectGaps(ticks, height, 4)
      expect(Math.max(...ticks.map(({ length }) => length))).toBe(22)
      expect(ticks.every(({ length }) => length >= 2)).toBe(true)
    }),
  )
})

function expectGaps(marks: readonly { share: number }[], height: number, gap: number): void {
  const offsets = marks.map(({ share }) => share * height).toSorted((a, b) => a - b)
  for (const [index, offset] of offsets.slice(1).entries())
    expect(offset - (offsets[index] ?? 0)).toBeGreaterThanOrEqual(gap - 0.001)
}

test('returns the day in the local time zone', () => {
  const noon = new Date(2026, 10, 22, 12)
  expect(toLocalDay(noon.toISOString())).toBe('2026-11-22')
})
