import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { aGeneration } from '../store/generation.fixture.ts'
import { createInbox } from './frame-batcher.ts'

test('however many events arrive, there is one delivery a frame, with each generation once', () => {
  const frames: (() => void)[] = []
  const deliveries: Generation[][] = []
  const inbox = createInbox(
    generations => deliveries.push(generations),
    frame => frames.push(frame),
  )
  for (let version = 1; version <= 50; version += 1) inbox(aGeneration({ version }))
  inbox(aGeneration({ version: 7 }))
  inbox(aGeneration({ clientId: 'another' }))
  expect(frames).toHaveLength(1)
  expect(deliveries).toEqual([])
  frames.shift()?.()
  expect(deliveries.map(told => told.map(generation => generation.version))).toEqual([[50, 1]])
  inbox(aGeneration({ version: 51 }))
  expect(frames).toHaveLength(1)
})
