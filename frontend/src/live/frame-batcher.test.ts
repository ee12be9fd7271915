import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { buildGeneration } from '../store/generation.fixture.ts'
import { createFrameBatcher } from './frame-batcher.ts'

test('delivers one batch a frame, with each generation once in its newest version', () => {
  const frames: (() => void)[] = []
  const deliveries: Generation[][] = []
  const addEvent = createFrameBatcher(
    generations => deliveries.push(generations),
    frame => frames.push(frame),
  )
  for (let version = 1; version <= 50; version += 1) addEvent(buildGeneration({ version }))
  addEvent(buildGeneration({ version: 7 }))
  addEvent(buildGeneration({ clientId: 'another' }))
  expect(frames).toHaveLength(1)
  expect(deliveries).toEqual([])
  frames.shift()?.()
  expect(deliveries.map(batch => batch.map(generation => generation.version))).toEqual([[50, 1]])
  addEvent(buildGeneration({ version: 51 }))
  expect(frames).toHaveLength(1)
})
