import { expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  justifyTiles,
  layoutNarrowStrip,
  layoutStrip,
  layoutTiles,
  type MediaBlock,
  STRIP_HEIGHT,
  TILE_GAP,
} from './tile-layout.ts'

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

test('lays images of one ratio out in columns of one size, in the fewest that are low enough', () => {
  const columnsOf = (count: number, shape: number, most: number, high: number) => {
    const { boxes } = layoutTiles({ ratios: Array.from({ length: count }, () => shape), width: most, maxHeight: high })
    expect(new Set(boxes.map(box => `${box.width} ${box.height}`)).size).toBe(1)
    return new Set(boxes.map(box => box.left)).size
  }
  const desktop = [1, 2, 3, 4, 5, 7, 8, 10].map(count => columnsOf(count, 1, 1000, 430))
  expect(desktop).toEqual([1, 2, 3, 4, 5, 4, 4, 5])
  expect(columnsOf(10, 21 / 9, 1000, 430)).toBe(5)
  expect(columnsOf(4, 1, 358, 400)).toBe(2)
  expect(columnsOf(3, 3 / 2, 1000, 430)).toBe(3)
  // Two columns that are a little narrower have larger images than four, and three than a line that is short.
  expect(columnsOf(4, 0.684, 358, 400)).toBe(2)
  expect(columnsOf(6, 1, 1000, 430)).toBe(3)
})

test('lays columns out within the width, near the greatest height, and overlaps none', () => {
  const counts = fc.integer({ min: 1, max: 10 })
  fc.assert(
    fc.property(counts, ratio, width, tallest, (count, shape, most, high) => {
      const block = layoutTiles({ ratios: Array.from({ length: count }, () => shape), width: most, maxHeight: high })
      expect(block.boxes).toHaveLength(count)
      if (shape <= most / high / count) expect(block.height).toBeLessThanOrEqual(high * 1.17 + 1)
      for (const [index, box] of block.boxes.entries())
        for (const other of block.boxes.slice(index + 1)) expect(areApart(box, other)).toBe(true)
    }),
  )
})

test('shrinks a single image to the greatest height', () => {
  expect(layoutTiles({ ratios: [1], width: 1000, maxHeight: 430 })).toEqual({
    boxes: [{ left: 0, top: 0, width: 430, height: 430 }],
    width: 430,
    height: 430,
  })
})

test('lays a contact strip out in lines of one height from the left', () => {
  const { boxes, height } = layoutStrip([1, 2, 1, 1, 1], 500)
  expect(new Set(boxes.map(box => box.height))).toEqual(new Set([STRIP_HEIGHT]))
  expect(boxes.map(box => box.left)).toEqual([0, 138, 0, 138, 276])
  expect(height).toBe(2 * STRIP_HEIGHT + TILE_GAP)
})

test('lays a narrow strip out in lines of up to four, none higher than a contact strip', () => {
  fc.assert(
    fc.property(ratios, fc.integer({ min: 280, max: 900 }), (shapes, most) => {
      const { boxes, width: used } = layoutNarrowStrip(shapes, most)
      expect(used).toBeLessThanOrEqual(most)
      for (const box of boxes) expect(box.height).toBeLessThanOrEqual(STRIP_HEIGHT)
      for (const line of Map.groupBy(boxes, box => box.top).values()) expect(line.length).toBeLessThanOrEqual(4)
    }),
  )
})

function areApart(a: MediaBlock['boxes'][number], b: MediaBlock['boxes'][number]): boolean {
  const beside = a.left + a.width + TILE_GAP <= b.left || b.left + b.width + TILE_GAP <= a.left
  return beside || a.top + a.height + TILE_GAP <= b.top || b.top + b.height + TILE_GAP <= a.top
}

function rightEdges({ boxes }: MediaBlock): number[] {
  const rows = Map.groupBy(boxes, box => box.top)
  return [...rows.values()].map(row => Math.max(...row.map(box => box.left + box.width)))
}
