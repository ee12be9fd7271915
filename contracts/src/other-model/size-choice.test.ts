import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ASPECT_RATIOS, RESOLUTIONS } from '../enums.ts'
import type { Sizes } from '../model.ts'
import { formatRatio, resolveSize } from '../size.ts'
import { adaptSize, listChoices, withRatioOfPixels } from './size-choice.ts'

const GRID: Sizes = {
  kind: 'grid',
  step: 16,
  minSide: 256,
  maxSide: 3_840,
  minPixels: 655_360,
  maxPixels: 8_294_400,
  maxRatio: 3,
  auto: true,
}
const LIST: Sizes = {
  kind: 'list',
  sizes: [
    { width: 1024, height: 1024 },
    { width: 1536, height: 1024 },
    { width: 1024, height: 1536 },
  ],
  auto: false,
}
const TIERS: Sizes = {
  kind: 'ratio',
  ratios: ['1:1', '16:9', '21:9'],
  tiers: [
    { name: '1K', side: 1_024 },
    { name: '2K', side: 2_048 },
  ],
  auto: true,
}

const choices = fc.record({
  aspectRatio: fc.constantFrom(...ASPECT_RATIOS, '7:5'),
  resolution: fc.constantFrom(...RESOLUTIONS, 'auto', '2K', '4MP', '1536x1024', '1000x1000', 'odd'),
})

test('always gives a size that the model offers, and changes it no further', () => {
  fc.assert(
    fc.property(choices, fc.constantFrom(GRID, LIST, TIERS), (choice, sizes) => {
      const adapted = adaptSize(choice, sizes)
      expect(resolveSize(sizes, adapted)).toBeDefined()
      expect(adaptSize(adapted, sizes)).toEqual(adapted)
    }),
  )
})

test('gives the nearest ratio, and the nearest area of that ratio', () => {
  expect(adaptSize({ aspectRatio: '16:9', resolution: 1_024 }, LIST)).toEqual({
    aspectRatio: '3:2',
    resolution: '1536x1024',
  })
  expect(adaptSize({ aspectRatio: '3:2', resolution: '1536x1024' }, TIERS)).toEqual({
    aspectRatio: '16:9',
    resolution: '1K',
  })
  expect(adaptSize({ aspectRatio: '1:1', resolution: '2K' }, GRID)).toEqual({ aspectRatio: '1:1', resolution: 2_048 })
  expect(adaptSize({ aspectRatio: '1:1', resolution: 'auto' }, LIST).resolution).toBe('1024x1024')
})

test('leaves what the model offers as it is: pixels of their own, auto', () => {
  for (const choice of [
    { aspectRatio: '3:2', resolution: '1536x1024' },
    { aspectRatio: '21:9', resolution: 'auto' },
  ])
    expect(adaptSize(choice, GRID)).toEqual(choice)
  expect(listChoices(GRID, { aspectRatio: '3:2', resolution: '1536x1024' })).toEqual([1_024, 2_048, '1536x1024'])
})

test('another ratio takes the pixels of the one before no further than their area', () => {
  expect(adaptSize({ aspectRatio: '2:3', resolution: '1536x1024' }, LIST).resolution).toBe('1024x1536')
  expect(adaptSize({ aspectRatio: '1:1', resolution: '1536x1024' }, GRID).resolution).toBe(1_024)
  expect(withRatioOfPixels({ aspectRatio: '1:1', resolution: '1536x1024' }).aspectRatio).toBe(
    formatRatio({ width: 3, height: 2 }),
  )
})
