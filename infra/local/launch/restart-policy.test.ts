import { expect, test } from 'bun:test'
import { createRestartDelays, STUDIO_RESTART_POLICY } from './restart-policy.ts'

function delaysAt(...times: number[]): (number | undefined)[] {
  const nextDelay = createRestartDelays(STUDIO_RESTART_POLICY)
  return times.map(time => nextDelay(time))
}

test('doubles the pause with each exit and gives up at the fifth within a minute', () => {
  expect(delaysAt(0, 1_000, 3_000, 7_000, 15_000)).toEqual([1_000, 2_000, 4_000, 8_000, undefined])
})

test('forgets an exit after a minute', () => {
  expect(delaysAt(0, 1_000, 60_999, 61_000)).toEqual([1_000, 2_000, 2_000, 2_000])
})

test('caps the pauses', () => {
  const nextDelay = createRestartDelays({ ...STUDIO_RESTART_POLICY, maxExits: 10 })
  expect([0, 1, 2, 3, 4, 5].map(nextDelay)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
})
