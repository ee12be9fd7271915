import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { buildModel } from '../../composer/model.fixture.ts'
import { buildGeneration } from '../../store/generation.fixture.ts'
import { listMedia, type MediaItem } from '../gallery.ts'
import { choosePartner, mediaId } from './comparison.ts'
import { describeDifference } from './differences.ts'
import { linePosition, moveSplit } from './split-line.ts'

const PARENT = buildGeneration({
  id: '01930000-0000-7000-8000-000000000009',
  clientId: '00000000-0000-4000-8000-000000000009',
  parameters: { seed: 1 },
  createdAt: '2026-11-21T12:00:00.000000Z',
})
const CHILD = buildGeneration({
  outputs: [{}, { state: 'lost' }, {}],
  parameters: { seed: 7, settings: { steps: 28 } },
  parent: { generationId: PARENT.id, outputIndex: 0, verb: 'vary' },
})
const CANDIDATES = [...listMedia(CHILD), ...listMedia(PARENT)]
const [first, last, parent] = CANDIDATES as [MediaItem, MediaItem, MediaItem]

test('compares with the next output, else the one before, else the parent', () => {
  expect(choosePartner(CANDIDATES, first)).toBe(last)
  expect(choosePartner(CANDIDATES, last)).toBe(first)
  expect(choosePartner([first, parent], first)).toBe(parent)
  expect(choosePartner([first], first)).toBeUndefined()
  expect(mediaId(last)).toBe(`${CHILD.id}.2`)
})

test('names what differs: the number within a generation, else relation, model, seed, size and settings', () => {
  const models = new Map([['demo', buildModel({ settings: { steps: { type: 'integer', title: 'Steps' } } })]])
  expect(describeDifference(first, last, models)).toBe('picture 1')
  expect(describeDifference(parent, first, models)).toBe('parent, seed 1')
  expect(describeDifference(first, parent, models)).toBe('seed 7, Steps 28')
})

test('arrow keys move the line by 1 %, with Shift by 10 %, and never beyond the ends', () => {
  const press = (split: number, key: string, shiftKey = false) => moveSplit(split, { key, shiftKey })
  expect([press(0.5, 'ArrowRight'), press(0.5, 'ArrowLeft')]).toEqual([0.51, 0.49])
  expect([press(0.5, 'ArrowRight', true), press(0.5, 'PageDown')]).toEqual([0.6, 0.4])
  expect([press(0.97, 'ArrowRight', true), press(0, 'ArrowLeft'), press(0.3, 'Home'), press(0.3, 'End')]).toEqual([
    1, 0, 0, 1,
  ])
  expect([press(0.5, 'a'), press(0.5, 'Tab')]).toEqual([undefined, undefined])
})

test('the line stays on the visible part of the image', () => {
  const sides = fc.record({ width: fc.integer({ min: 50, max: 5_000 }), height: fc.integer({ min: 50, max: 5_000 }) })
  const views = fc.record({
    scale: fc.double({ min: 0.1, max: 8, noNaN: true }),
    x: fc.integer({ min: -500, max: 500 }),
    y: fc.constant(0),
  })
  fc.assert(
    fc.property(sides, sides, views, fc.double({ min: 0, max: 1, noNaN: true }), (image, viewport, view, split) => {
      const { at, start, length } = linePosition({ image, viewport, pixelRatio: 1 }, view, split)
      expect(at).toBeGreaterThanOrEqual(start)
      expect(at).toBeLessThanOrEqual(start + length)
      expect(start + length).toBeLessThanOrEqual(Math.max(start, viewport.width))
    }),
  )
})
