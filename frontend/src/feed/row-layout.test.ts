import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import fc from 'fast-check'
import { buildGeneration } from '../store/generation.fixture.ts'
import { computeGeometry, justifyTiles, LINE_HEIGHT, layoutRow, type MediaBlock, TILE_GAP } from './row-layout.ts'

const ratio = fc.double({ min: 0.2, max: 5, noNaN: true })
const ratios = fc.array(ratio, { minLength: 1, maxLength: 10 })
const width = fc.integer({ min: 280, max: 1600 })
const tallest = fc.integer({ min: 300, max: 900 })

test('places every image within the block, and overlaps none', () => {
  fc.assert(
    fc.property(ratios, width, tallest, (shapes, most, high) => {
      const block = justifyTiles(shapes, most, high)
      expect(block.boxes).toHaveLength(shapes.length)
      expect(block.width).toBeLessThanOrEqual(most)
      expect(block.height).toBeLessThanOrEqual(high + block.boxes.length)
      for (const [index, box] of block.boxes.entries()) {
        expect(box.width).toBeGreaterThan(0)
        expect(box.left + box.width).toBeLessThanOrEqual(block.width)
        expect(box.top + box.height).toBeLessThanOrEqual(block.height)
        for (const other of block.boxes.slice(index + 1)) expect(areApart(box, other)).toBe(true)
      }
    }),
    // Edges that lie very close to half a pixel.
    { examples: [[[0.2000000000000003, 0.20000000000000007, 0.20000000000000012, 0.20000000000000026], 281, 329]] },
  )
})

test('preserves the aspect ratio of images up to the rounding of their edges', () => {
  fc.assert(
    fc.property(ratios, width, tallest, (shapes, most, high) => {
      for (const [index, box] of justifyTiles(shapes, most, high).boxes.entries()) {
        const shape = shapes[index] ?? 1
        expect(Math.abs(box.width - box.height * shape)).toBeLessThanOrEqual(1.5 + shape)
      }
    }),
  )
})

test('ends every row of images at the same edge', () => {
  fc.assert(
    fc.property(ratios, width, tallest, (shapes, most, high) => {
      const block = justifyTiles(shapes, most, high)
      for (const edge of rightEdges(block)) expect(edge).toBe(block.width)
    }),
  )
})

test('lays four squares out two by two', () => {
  const { boxes, height } = justifyTiles([1, 1, 1, 1], 864, 648)
  expect(boxes).toEqual([
    { left: 0, top: 0, width: 321, height: 321 },
    { left: 327, top: 0, width: 321, height: 321 },
    { left: 0, top: 327, width: 321, height: 321 },
    { left: 327, top: 327, width: 321, height: 321 },
  ])
  expect(height).toBe(648)
})

test('lays three squares out in one row, and one wide image over the whole width', () => {
  expect(new Set(justifyTiles([1, 1, 1], 864, 648).boxes.map(box => box.top)).size).toBe(1)
  expect(justifyTiles([16 / 9], 864, 648)).toEqual({
    boxes: [{ left: 0, top: 0, width: 864, height: 486 }],
    width: 864,
    height: 486,
  })
})

test('is never higher at a smaller density, at any width', () => {
  fc.assert(
    fc.property(ratios, fc.integer({ min: 320, max: 2_600 }), (shapes, wide) => {
      const heights = (['large', 'medium', 'small'] as const).map(density => {
        const { mediaWidth, maxMediaHeight } = computeGeometry(wide, density)
        return justifyTiles(shapes, mediaWidth, maxMediaHeight).height
      })
      const [large = 0, medium = 0, small = 0] = heights
      expect(medium).toBeLessThanOrEqual(large + shapes.length)
      expect(small).toBeLessThanOrEqual(medium + shapes.length)
    }),
  )
})

test('makes a row as high as its images or its text, whichever is higher', () => {
  const geometry = computeGeometry(1440)
  const generation = buildGeneration({ outputs: 4 })
  const row = layoutRow(generation, geometry, { promptHeight: null, reservesMediaSpace: false, refusalMessage: null })
  expect(row.height).toBe(row.block.height)
  const opened = layoutRow(generation, geometry, {
    promptHeight: 2_000,
    reservesMediaSpace: false,
    refusalMessage: null,
  })
  expect(opened.height).toBe(opened.metaHeight)
  expect(opened.metaHeight - row.metaHeight).toBe(2_000 + LINE_HEIGHT - geometry.promptLines * LINE_HEIGHT)
})

test('puts the text above the images on a phone', () => {
  const geometry = computeGeometry(390)
  const row = layoutRow(buildGeneration({ outputs: 4 }), geometry, {
    promptHeight: null,
    reservesMediaSpace: false,
    refusalMessage: null,
  })
  expect(geometry.isMetaBeside).toBe(false)
  expect(row.height).toBe(row.metaHeight + row.block.height)
  expect(row.block.width).toBe(358)
})

test('reserves the boxes of a generation that failed while it was shown, and not of one that was loaded as failed', () => {
  const geometry = computeGeometry(1440)
  const failed = buildGeneration({ outputs: 4, status: 'failed' })
  const seen = layoutRow(failed, geometry, { promptHeight: null, reservesMediaSpace: true, refusalMessage: null })
  const read = layoutRow(failed, geometry, { promptHeight: null, reservesMediaSpace: false, refusalMessage: null })
  expect(seen.height).toBe(
    layoutRow(asProcessing(failed), geometry, { promptHeight: null, reservesMediaSpace: false, refusalMessage: null })
      .height,
  )
  expect(read.block.height).toBeLessThan(seen.block.height)
})

test('is never wider than the window', () => {
  fc.assert(
    fc.property(fc.integer({ min: 320, max: 4_000 }), window => {
      const geometry = computeGeometry(window)
      expect(geometry.contentWidth).toBeLessThan(window)
      expect(geometry.mediaWidth).toBeGreaterThan(200)
      expect(geometry.isMetaBeside ? geometry.mediaWidth + geometry.metaWidth : geometry.metaWidth).toBeLessThanOrEqual(
        geometry.contentWidth,
      )
    }),
  )
})

function asProcessing(generation: Generation): Generation {
  return { ...generation, status: 'processing' }
}

function areApart(a: MediaBlock['boxes'][number], b: MediaBlock['boxes'][number]): boolean {
  const beside = a.left + a.width + TILE_GAP <= b.left || b.left + b.width + TILE_GAP <= a.left
  return beside || a.top + a.height + TILE_GAP <= b.top || b.top + b.height + TILE_GAP <= a.top
}

function rightEdges({ boxes }: MediaBlock): number[] {
  const rows = Map.groupBy(boxes, box => box.top)
  return [...rows.values()].map(row => Math.max(...row.map(box => box.left + box.width)))
}
