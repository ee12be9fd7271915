import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ASPECT_RATIOS, RESOLUTIONS } from './enums.ts'
import { computeSize } from './size.ts'

const ratio = fc.constantFrom(...ASPECT_RATIOS)
const resolution = fc.constantFrom(...RESOLUTIONS)

test('edges are multiples of 8, area and ratio match the request within 3 %', () => {
  fc.assert(
    fc.property(ratio, resolution, (requested, side) => {
      const { width, height } = computeSize(requested, side)
      const [across = 0, down = 0] = requested.split(':').map(Number)
      expect([width % 8, height % 8]).toEqual([0, 0])
      expect(Math.abs((width * height) / side ** 2 - 1)).toBeLessThan(0.03)
      expect(Math.abs(width / height / (across / down) - 1)).toBeLessThan(0.03)
    }),
    { numRuns: 500 },
  )
})

test('an inverted ratio swaps width and height', () => {
  for (const side of RESOLUTIONS) {
    const { width, height } = computeSize('16:9', side)
    expect(computeSize('9:16', side)).toEqual({ width: height, height: width })
  }
})

test('a square has the requested side', () => {
  expect(RESOLUTIONS.map(side => computeSize('1:1', side))).toEqual(
    RESOLUTIONS.map(side => ({ width: side, height: side })),
  )
})
