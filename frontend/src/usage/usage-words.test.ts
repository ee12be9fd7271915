import { expect, test } from 'bun:test'
import { forecastBudget } from './forecast.ts'
import { type KeyedSum, NOTHING } from './usage-sums.ts'
import { formatBudgetLeft, formatLeft, formatSumCost, listDayFacts, listNotes } from './usage-words.ts'

const USD = { currency: 'USD', digits: 2 }
const BUDGET = { limitMicros: 60_000_000, spentMicros: 30_000_000, reservedMicros: 0, renewsAt: '2026-12-01T00:00:00Z' }

test('forecasts the end of the month by its days so far, not in the first days', () => {
  const half = forecastBudget(BUDGET, Date.parse('2026-11-21T00:00:00Z'))
  expect(half).toEqual({ spentShare: 0.5, reservedShare: 0, forecastShare: 0.25, expectedMicros: 45_000_000 })
  expect(formatBudgetLeft(BUDGET, half)).toBe('$30.00 left until 1 Dec, about $45 by then')
  const early = forecastBudget(BUDGET, Date.parse('2026-11-02T00:00:00Z'))
  expect([early.forecastShare, formatBudgetLeft(BUDGET, early)]).toEqual([0, '$30.00 left until 1 Dec'])
})

test('a forecast beyond the budget fills the bar, and a spent budget says when it begins anew', () => {
  const beyond = forecastBudget(BUDGET, Date.parse('2026-11-06T00:00:00Z'))
  expect([beyond.spentShare + beyond.forecastShare, beyond.expectedMicros]).toEqual([1, 180_000_000])
  const spent = { ...BUDGET, spentMicros: 59_000_000, reservedMicros: 1_000_000 }
  const forecast = forecastBudget(spent, Date.parse('2026-11-21T00:00:00Z'))
  expect(formatBudgetLeft(spent, forecast)).toBe('nothing left until 1 Dec, $1.00 reserved')
  expect(formatBudgetLeft({ ...spent, spentMicros: 62_000_000, reservedMicros: 0 }, forecast)).toBe(
    'nothing left until 1 Dec, $2.00 over',
  )
  expect([BUDGET, spent, { ...spent, spentMicros: 62_000_000 }].map(formatLeft)).toEqual([
    '$30.00',
    'nothing',
    '$3.00 over',
  ])
  expect(forecastBudget({ ...BUDGET, limitMicros: 0 }, 0).spentShare).toBe(1)
})

test.each([
  [{ micros: 16_480_000, calls: 2 }, '$16.48'],
  [{ micros: 16_480_000, estimatedMicros: 1, calls: 2 }, 'about $16.48'],
  [{ micros: 1, estimatedMicros: 1, calls: 2 }, 'under $0.01'],
  [{ calls: 2 }, 'free'],
  [{ calls: 2, failedCalls: 2 }, 'not billed'],
  [{ calls: 2, unpricedCalls: 2 }, 'unknown'],
  [{ calls: 2, unpricedCalls: 1 }, '$0.00'],
])('the cost of %j is %s', (sum, words) => {
  expect(formatSumCost({ ...NOTHING, ...sum }, USD)).toBe(words)
})

test('a day has its cost, its outputs and what was for nothing', () => {
  const day = { ...NOTHING, calls: 30, images: 96, videos: 2, micros: 4_100_000 }
  expect(listDayFacts({ ...day, failedCalls: 2, failedMicros: 200_000 }, USD)).toEqual([
    ...['$4.10', '96 images, 2 videos', '$0.20 of it for calls that failed'],
  ])
  expect(listDayFacts({ ...day, failedCalls: 1, unpricedCalls: 14 }, USD)).toEqual([
    ...['$4.10', '96 images, 2 videos', 'One call failed', '14 calls without a price'],
  ])
  expect(listDayFacts({ ...day, estimatedMicros: 1_000_000 }, USD)).toEqual([
    ...['about $4.10', '96 images, 2 videos', '$1.00 of it estimated'],
  ])
  expect(listDayFacts({ ...day, estimatedMicros: day.micros }, USD)).toContain('all of it estimated')
  expect(listDayFacts(NOTHING, USD)).toEqual(['nothing'])
})

test('notes name what is an estimate and why, and the models without a price', () => {
  const sum = { ...NOTHING, calls: 9, micros: 9_000_000, reportedMicros: 8_000_000, estimatedMicros: 1_000_000 }
  const notes = (total: Partial<KeyedSum>) => {
    const models = [{ key: 'a/m', ...sum, ...total }]
    return listNotes({ total: { ...sum, ...total }, models }, { format: USD, nameOf: id => id.toUpperCase() })
  }
  expect(notes({ unknownCalls: 2 })).toEqual(['$1.00 of it is an estimate: two calls have no answer yet.'])
  expect(notes({})).toEqual(['$1.00 of it is an estimate: not every provider reports what a call costs.'])
  expect(notes({ reportedMicros: 0, estimatedMicros: 9_000_000, unknownCalls: 1 })).toEqual([
    'All of it is an estimate: not every provider reports what a call costs, and one call has no answer yet.',
  ])
  expect(notes({ estimatedMicros: 0, unpricedCalls: 3 })).toEqual([
    'Three calls of A/M have no known price and are not in the sum.',
  ])
  expect(notes({ estimatedMicros: 0 })).toEqual([])
})
