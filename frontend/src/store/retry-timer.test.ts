import { expect, test } from 'bun:test'
import { createRetryTimer } from './retry-timer.ts'

test('schedules one retry at a time, with growing delays until it is reset', () => {
  const timers: { callback: () => void; ms: number }[] = []
  let retries = 0
  const retry = () => {
    retries += 1
  }
  const timer = createRetryTimer({ retry, setTimer: (callback, ms) => timers.push({ callback, ms }) })
  timer.schedule()
  timer.schedule()
  timers[0]?.callback()
  timer.schedule()
  timers[1]?.callback()
  timer.reset()
  timer.schedule()
  expect(timers.map(({ ms }) => ms)).toEqual([2_000, 4_000, 2_000])
  expect(retries).toBe(2)
})

test('a restart cancels the scheduled retry and begins with the first delay', () => {
  const timers: { callback: () => void; ms: number }[] = []
  let retries = 0
  const retry = () => {
    retries += 1
  }
  const timer = createRetryTimer({ retry, setTimer: (callback, ms) => timers.push({ callback, ms }) })
  timer.schedule()
  timer.restart()
  timer.schedule(500)
  timer.restart()
  timer.schedule(9_000)
  timers[0]?.callback()
  expect(retries).toBe(0)
  timers[2]?.callback()
  expect(retries).toBe(1)
  expect(timers.map(({ ms }) => ms)).toEqual([2_000, 2_000, 9_000])
})
