import { expect, test } from 'bun:test'
import { createClock } from './clock.ts'

test('takes the studio’s time where the computer’s clock is wrong', () => {
  const clock = createClock(() => Date.parse('2026-11-22T12:00:00Z'))
  clock.syncTo('Sun, 22 Nov 2026 12:05:00 GMT')
  expect(new Date(clock.now()).toISOString()).toBe('2026-11-22T12:05:00.000Z')
})

test('ignores the age of a response, a missing header and an invalid one', () => {
  const clock = createClock(() => Date.parse('2026-11-22T12:00:01.500Z'))
  clock.syncTo('Sun, 22 Nov 2026 12:00:00 GMT')
  clock.syncTo(null)
  clock.syncTo('nonsense')
  expect(new Date(clock.now()).toISOString()).toBe('2026-11-22T12:00:01.500Z')
})
