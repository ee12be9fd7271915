import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { ASPECT_RATIOS, RESOLUTIONS } from './enums.ts'
import { computeSize } from './size.ts'

const ratio = fc.constantFrom(...ASPECT_RATIOS)
const resolution = fc.constantFrom(...RESOLUTIONS)

test('edges are multiples of 8, the area and the ratio are what was asked for within 3 %', () => {
  fc.assert(
    fc.property(ratio, resolution, (asked, side) => {
      const { width, height } = computeSize(asked, side)
      const [across = 0, down = 0] = asked.split(':').map(Number)
      expect([width % 8, height % 8]).toEqual([0, 0])
      expect(Math.abs((width * height) / side ** 2 - 1)).toBeLessThan(0.03)
      expect(Math.abs(width / height / (across / down) - 1)).toBeLessThan(0.03)
    }),
    { numRuns: 500 },
  )
})

test('a ratio turned on its side is the same picture turned on its side', () => {
  for (const side of RESOLUTIONS) {
    const { width, height } = computeSize('16:9', side)
    expect(computeSize('9:16', side)).toEqual({ width: height, height: width })
  }
})

test('a square has the side that was asked for', () => {
  expect(RESOLUTIONS.map(side => computeSize('1:1', side))).toEqual(
    RESOLUTIONS.map(side => ({ width: side, height: side })),
  )
})
