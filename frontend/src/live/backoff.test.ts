import { expect, test } from 'bun:test'
import { createBackoff } from './backoff.ts'

test('doubles each pause up to the longest, and starts again after a reset', () => {
  const backoff = createBackoff({ initialMs: 1_000, maxMs: 5_000 })
  expect([1, 2, 3, 4, 5].map(backoff.nextDelay)).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
  backoff.reset()
  expect(backoff.nextDelay()).toBe(1_000)
})
