import { expect, test } from 'bun:test'
import { buildGeneration } from '../store/generation.fixture.ts'
import type { Row } from '../store/generation-window.ts'
import { createStallDetector } from './stall-detector.ts'

function buildRow(key: string, version: number, status: 'queued' | 'completed' = 'queued'): Row {
  const generation = buildGeneration({ clientId: key, version, status })
  return { key, sortKey: key, generation, delivery: null }
}

/** Creates a detector whose timers do not run; `fire` runs the last one that was started. */
function setUp() {
  const delays: number[] = []
  let stalls = 0
  let fire = () => {}
  const detector = createStallDetector({
    onStall: () => {
      stalls += 1
    },
    setTimer: (callback, ms) => {
      delays.push(ms)
      fire = callback
      return 0
    },
  })
  return { detector, delays, fire: () => fire(), stalls: () => stalls }
}

test('needs no timer while everything is finished', () => {
  const { detector, delays } = setUp()
  detector.observe([buildRow('a', 1, 'completed')])
  expect(delays).toEqual([])
})

test('reports a standstill ever more rarely', () => {
  const { detector, delays, fire, stalls } = setUp()
  detector.observe([buildRow('a', 1)])
  for (let times = 0; times < 5; times += 1) fire()
  expect(stalls()).toBe(5)
  expect(delays).toEqual([20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  detector.stop()
})

test('starts again when a generation has changed or finished, and not when one was added', () => {
  const { detector, delays, fire } = setUp()
  detector.observe([buildRow('a', 1)])
  fire()
  detector.observe([buildRow('a', 1), buildRow('b', 1)])
  expect(delays).toEqual([20_000, 40_000])
  detector.observe([buildRow('a', 2), buildRow('b', 1)])
  expect(delays).toEqual([20_000, 40_000, 20_000])
  detector.observe([buildRow('a', 3, 'completed'), buildRow('b', 1)])
  expect(delays).toEqual([20_000, 40_000, 20_000, 20_000])
  detector.observe([])
  expect(delays).toHaveLength(4)
})
