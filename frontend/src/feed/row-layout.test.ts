import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import fc from 'fast-check'
import { aGeneration } from '../store/generation.fixture.ts'
import { type Block, GAP, geometryFor, justify, LINE, layoutRow } from './row-layout.ts'

const ratio = fc.double({ min: 0.2, max: 5, noNaN: true })
const ratios = fc.array(ratio, { minLength: 1, maxLength: 10 })
const width = fc.integer({ min: 280, max: 1600 })
const tallest = fc.integer({ min: 300, max: 900 })

test('every picture has a place within the block, and no two overlap', () => {
  fc.assert(
    fc.property(ratios, width, tallest, (shapes, most, high) => {
      const block = justify(shapes, most, high)
      expect(block.boxes).toHaveLength(shapes.length)
      expect(block.width).toBeLessThanOrEqual(most)
      expect(block.height).toBeLessThanOrEqual(high + block.boxes.length)
      for (const [index, box] of block.boxes.entries()) {
        expect(box.width).toBeGreaterThan(0)
        expect(box.left + box.width).toBeLessThanOrEqual(block.width)
        expect(box.top + box.height).toBeLessThanOrEqual(block.height)
        for (const other of block.boxes.slice(index + 1)) expect(apart(box, other)).toBe(true)
      }
    }),
    // Edges that lie within a hair of half a pixel.
    { examples: [[[0.2000000000000003, 0.20000000000000007, 0.20000000000000012, 0.20000000000000026], 281, 329]] },
  )
})

test('pictures keep their shape to within the rounding of their edges', () => {
  fc.assert(
    fc.property(ratios, width, tallest, (shapes, most, high) => {
      for (const [index, box] of justify(shapes, most, high).boxes.entries()) {
        const shape = shapes[index] ?? 1
        expect(Math.abs(box.width - box.height * shape)).toBeLessThanOrEqual(1.5 + shape)
      }
    }),
  )
})

test('every row of pictures ends at the same edge', () => {
  fc.assert(
    fc.property(ratios, width, tallest, (shapes, most, high) => {
      const block = justify(shapes, most, high)
      for (const edge of rightEdges(block)) expect(edge).toBe(block.width)
    }),
  )
})

test('four squares are two by two', () => {
  const { boxes, height } = justify([1, 1, 1, 1], 864, 648)
  expect(boxes).toEqual([
    { left: 0, top: 0, width: 321, height: 321 },
    { left: 327, top: 0, width: 321, height: 321 },
    { left: 0, top: 327, width: 321, height: 321 },
    { left: 327, top: 327, width: 321, height: 321 },
  ])
  expect(height).toBe(648)
})

test('three squares stand in one row, one wide picture takes the whole width', () => {
  expect(new Set(justify([1, 1, 1], 864, 648).boxes.map(box => box.top)).size).toBe(1)
  expect(justify([16 / 9], 864, 648)).toEqual({
    boxes: [{ left: 0, top: 0, width: 864, height: 486 }],
    width: 864,
    height: 486,
  })
})

test('denser is never higher, at any width', () => {
  fc.assert(
    fc.property(ratios, fc.integer({ min: 320, max: 2_600 }), (shapes, wide) => {
      const heights = (['large', 'medium', 'small'] as const).map(density => {
        const { pictures, tallest } = geometryFor(wide, density)
        return justify(shapes, pictures, tallest).height
      })
      const [large = 0, medium = 0, small = 0] = heights
      expect(medium).toBeLessThanOrEqual(large + shapes.length)
      expect(small).toBeLessThanOrEqual(medium + shapes.length)
    }),
  )
})

test('a row is as high as its pictures or its note, whichever is more', () => {
  const geometry = geometryFor(1440)
  const generation = aGeneration({ outputs: 4 })
  const row = layoutRow(generation, geometry, { promptHeight: null, roomy: false, refused: null })
  expect(row.height).toBe(row.block.height)
  const opened = layoutRow(generation, geometry, { promptHeight: 2_000, roomy: false, refused: null })
  expect(opened.height).toBe(opened.note)
  expect(opened.note - row.note).toBe(2_000 + LINE - geometry.promptLines * LINE)
})

test('on a phone the note stands above the pictures', () => {
  const geometry = geometryFor(390)
  const row = layoutRow(aGeneration({ outputs: 4 }), geometry, { promptHeight: null, roomy: false, refused: null })
  expect(geometry.beside).toBe(false)
  expect(row.height).toBe(row.note + row.block.height)
  expect(row.block.width).toBe(358)
})

test('a generation that failed under the eye keeps its places, one that was read as failed has none', () => {
  const geometry = geometryFor(1440)
  const failed = aGeneration({ outputs: 4, status: 'failed' })
  const seen = layoutRow(failed, geometry, { promptHeight: null, roomy: true, refused: null })
  const read = layoutRow(failed, geometry, { promptHeight: null, roomy: false, refused: null })
  expect(seen.height).toBe(
    layoutRow(making(failed), geometry, { promptHeight: null, roomy: false, refused: null }).height,
  )
  expect(read.block.height).toBeLessThan(seen.block.height)
})

test('the content is never wider than the window', () => {
  fc.assert(
    fc.property(fc.integer({ min: 320, max: 4_000 }), window => {
      const geometry = geometryFor(window)
      expect(geometry.content).toBeLessThan(window)
      expect(geometry.pictures).toBeGreaterThan(200)
      expect(geometry.beside ? geometry.pictures + geometry.note : geometry.note).toBeLessThanOrEqual(geometry.content)
    }),
  )
})

function making(generation: Generation): Generation {
  return { ...generation, status: 'processing' }
}

function apart(a: Block['boxes'][number], b: Block['boxes'][number]): boolean {
  const beside = a.left + a.width + GAP <= b.left || b.left + b.width + GAP <= a.left
  return beside || a.top + a.height + GAP <= b.top || b.top + b.height + GAP <= a.top
}

function rightEdges({ boxes }: Block): number[] {
  const rows = Map.groupBy(boxes, box => box.top)
  return [...rows.values()].map(row => Math.max(...row.map(box => box.left + box.width)))
}
