import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { divideIntoTiles } from './tiles.ts'

const side = fc.integer({ min: 1, max: 500 })
const options = fc.record({ side: fc.integer({ min: 1, max: 200 }), overlap: fc.nat(20) })

test('tiles cover each pixel of an image exactly once, and none is longer than its side', () => {
  const property = fc.property(side, side, options, (width, height, options) => {
    const covered = new Uint8Array(width * height)
    for (const { inner } of divideIntoTiles({ width, height }, options)) {
      expect(Math.max(inner.width, inner.height)).toBeLessThanOrEqual(options.side)
      for (let y = inner.top; y < inner.top + inner.height; y += 1)
        for (let x = inner.left; x < inner.left + inner.width; x += 1)
          covered[y * width + x] = (covered[y * width + x] ?? 0) + 1
    }
    expect(covered.every(count => count === 1)).toBe(true)
  })
  fc.assert(property, { numRuns: 60, examples: [[1, 1, { side: 160, overlap: 10 }]] })
})

test('the network is given the pixels around a tile, as far as the image has them', () => {
  const property = fc.property(side, side, options, (width, height, options) => {
    for (const { inner, outer } of divideIntoTiles({ width, height }, options)) {
      expect(outer.left).toBe(Math.max(0, inner.left - options.overlap))
      expect(outer.top).toBe(Math.max(0, inner.top - options.overlap))
      expect(outer.left + outer.width).toBe(Math.min(width, inner.left + inner.width + options.overlap))
      expect(outer.top + outer.height).toBe(Math.min(height, inner.top + inner.height + options.overlap))
    }
  })
  fc.assert(property)
})

test('tiles are of about the same size', () => {
  const tiles = divideIntoTiles({ width: 161, height: 320 }, { side: 160, overlap: 10 })
  expect(tiles.map(({ inner }) => `${inner.width}x${inner.height}`)).toEqual(['81x160', '80x160', '81x160', '80x160'])
})
