import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { computeMarks, computeStops, findStop, indexOfDay, toLocalDay } from './timeline-scale.ts'

const TIMELINE = {
  days: [
    { day: '2026-02-01', count: 10 },
    { day: '2026-01-31', count: 10 },
    { day: '2025-12-31', count: 80 },
  ],
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

test('labels the start of years, marks months by ticks, and overlaps none', () => {
  expect(computeMarks(computeStops(TIMELINE), 600).map(({ label }) => label)).toEqual(['2025', '2026', null])
  const counts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 120 })
  fc.assert(
    fc.property(counts, fc.integer({ min: 50, max: 900 }), (months, height) => {
      const days = months.map((count, index) => ({
        day: `${2010 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}-15`,
        count,
      }))
      const marks = computeMarks(computeStops({ days: days.reverse() }), height)
      const labels = marks.filter(({ label }) => label !== null).map(({ share }) => share * height)
      for (const [index, position] of labels.slice(1).entries())
        expect(position - (labels[index] ?? 0)).toBeGreaterThanOrEqual(28)
    }),
  )
})

test('returns the day in the local time zone', () => {
  const noon = new Date(2026, 10, 22, 12)
  expect(toLocalDay(noon.toISOString())).toBe('2026-11-22')
})
