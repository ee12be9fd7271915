import { expect, test } from 'bun:test'
import { createLog } from '../log.ts'
import { runForever } from './run-forever.ts'

const log = createLog({ service: 'test', level: 'silent' })
const HOUR_MS = 3_600_000
const AT_ONCE = { minMs: 0, baseMs: 0, maxMs: 0 }
const options = (signal: AbortSignal) => ({ name: 'test', policy: AT_ONCE, log, signal })

test('runs again at once while it is busy', async () => {
  const stop = new AbortController()
  let left = 100
  await runForever({ ...options(stop.signal), idleMs: HOUR_MS }, async () => {
    if (--left === 0) stop.abort()
    return 'busy'
  })
  expect(left).toBe(0)
})

test('pauses while it is idle, and an abort ends the pause', async () => {
  const stop = new AbortController()
  let runs = 0
  await runForever({ ...options(stop.signal), idleMs: 1 }, async () => {
    if (++runs === 3) stop.abort()
    return 'idle'
  })
  expect(runs).toBe(3)
  const late = new AbortController()
  await runForever({ ...options(late.signal), idleMs: HOUR_MS }, async () => {
    queueMicrotask(() => late.abort())
    return 'idle'
  })
})

test('goes on after an error', async () => {
  const stop = new AbortController()
  let runs = 0
  await runForever(options(stop.signal), async () => {
    if (++runs === 3) stop.abort()
    throw new Error('broken')
  })
  expect(runs).toBe(3)
})

test('logs failures by name and ids, as errors from the third in a row, and counts again from one after a success', async () => {
  const lines: unknown[] = []
  const note = (level: string) => (ids: { failures: number; stream: string }, event: string) =>
    void lines.push([level, event, ids.stream, ids.failures])
  const stop = new AbortController()
  let runs = 0
  const noted = { ...options(stop.signal), log: { warn: note('warn'), error: note('error') } as never }
  await runForever({ ...noted, ids: { stream: 'JOBS' } }, async succeeded => {
    runs += 1
    if (runs === 4) succeeded()
    if (runs === 5) stop.abort()
    throw new Error('broken')
  })
  expect(lines).toEqual([
    ['warn', 'test_failed', 'JOBS', 1],
    ['warn', 'test_failed', 'JOBS', 2],
    ['error', 'test_failed', 'JOBS', 3],
    ['warn', 'test_failed', 'JOBS', 1],
  ])
})

test('waits with the given function while it is idle', async () => {
  const stop = new AbortController()
  const waited: number[] = []
  const wait = async (ms: number) => {
    waited.push(ms)
    stop.abort()
  }
  await runForever({ ...options(stop.signal), idleMs: 1_000, wait }, async () => 'idle')
  expect(waited[0]).toBeGreaterThanOrEqual(500)
  expect(waited[0]).toBeLessThan(1_500)
})
