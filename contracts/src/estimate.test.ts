import { expect, test } from 'bun:test'
import { estimateSeconds } from './estimate.ts'

const model = { estimatedSeconds: 8, estimatedSecondsEach: 2, learnedSeconds: { 4: 11 } }

test('uses the catalogue until the time for a number of outputs is learned', () => {
  expect([1, 2, 4, 10].map(outputs => estimateSeconds(model, outputs))).toEqual([8, 10, 11, 26])
})
