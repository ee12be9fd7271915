import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { buildGeneration } from '../store/generation.fixture.ts'
import { createFrameBatcher } from './frame-batcher.ts'

test('however many events arrive, there is one delivery a frame, with each generation once', () => {
  const frames: (() => void)[] = []
  const deliveries: Generation[][] = []
  const batcher = createFrameBatcher(
    generations => deliveries.push(generations),
    frame => frames.push(frame),
  )
  for (let version = 1; version <= 50; version += 1) batcher(buildGeneration({ version }))
  batcher(buildGeneration({ version: 7 }))
  batcher(buildGeneration({ clientId: 'another' }))
  expect(frames).toHaveLength(1)
  expect(deliveries).toEqual([])
  frames.shift()?.()
  expect(deliveries.map(told => told.map(generation => generation.version))).toEqual([[50, 1]])
  batcher(buildGeneration({ version: 51 }))
  expect(frames).toHaveLength(1)
})
