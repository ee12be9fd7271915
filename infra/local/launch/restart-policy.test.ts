import { expect, test } from 'bun:test'
import { createExitCounter, STUDIO_RESTART_POLICY } from './restart-policy.ts'

function delaysAfter(...ranMs: number[]): number[] {
  const countExit = createExitCounter(STUDIO_RESTART_POLICY)
  return ranMs.map(ran => countExit(ran).delayMs)
}

test('doubles the pause with each exit, up to a minute, and never gives up', () => {
  const delays = delaysAfter(...Array.from({ length: 2_000 }, () => 0))
  expect(delays.slice(0, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  expect(delays.slice(8).every(delay => delay === 60_000)).toBe(true)
})

test('begins anew after a process has run for a minute', () => {
  expect(delaysAfter(0, 59_999, 60_000, 0)).toEqual([1_000, 2_000, 1_000, 2_000])
})

test('counts the exits in a row', () => {
  const countExit = createExitCounter(STUDIO_RESTART_POLICY)
  expect([0, 0, 60_000, 5].map(ran => countExit(ran).exits)).toEqual([1, 2, 1, 2])
})
