import { expect, test } from 'bun:test'
import { createLog } from '@darkroom/infra/log'
import { runPollLoop } from './poll-loop.ts'

const log = createLog({ service: 'test', level: 'silent' })
const HOUR_MS = 3_600_000

test('while there is something to do there is no pause', async () => {
  const stop = new AbortController()
  let left = 100
  await runPollLoop({ name: 'a test', pollMs: HOUR_MS, log, signal: stop.signal }, async () => {
    if (--left === 0) stop.abort()
    return true
  })
  expect(left).toBe(0)
})

test('where there is nothing to do it is asked again after a pause, and an abort ends the pause', async () => {
  const stop = new AbortController()
  let looks = 0
  const repeating = runPollLoop({ name: 'a test', pollMs: 1, log, signal: stop.signal }, async () => {
    if (++looks === 3) stop.abort()
    return false
  })
  await repeating
  expect(looks).toBe(3)
  const late = new AbortController()
  const pausing = runPollLoop({ name: 'a test', pollMs: HOUR_MS, log, signal: late.signal }, async () => {
    queueMicrotask(() => late.abort())
    return false
  })
  await pausing
})

test('what goes wrong ends nothing', async () => {
  const stop = new AbortController()
  let looks = 0
  await runPollLoop({ name: 'a test', pollMs: 1, log, signal: stop.signal }, async () => {
    if (++looks === 3) stop.abort()
    throw new Error('broken')
  })
  expect(looks).toBe(3)
})
