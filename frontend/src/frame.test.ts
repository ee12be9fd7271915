import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { aGeneration } from './fixtures.ts'
import {
  countNew,
  type Frame,
  frameOf,
  growsUpwards,
  HEADER,
  isNewestInView,
  isPinned,
  offsetOf,
  readingPoint,
  rowsToKeep,
} from './frame.ts'
import { geometryFor, ROW_GAP, type RowLayout } from './layout.ts'
import type { Row } from './rows.ts'

const VIEWPORT = 900
const BOTTOM = 160
const heights = fc.array(fc.integer({ min: 120, max: 900 }), { minLength: 1, maxLength: 60 })

function frame(rows: number[], keyOf = (index: number) => `row ${index}`): Frame {
  const layouts = rows.map(
    (height): RowLayout => ({ height, note: 0, prompt: 0, block: { boxes: [], width: 0, height } }),
  )
  const made = rows.map(
    (_, index): Row => ({ key: keyOf(index), order: '', generation: aGeneration(), delivery: null }),
  )
  return frameOf({ rows: made, layouts, geometry: geometryFor(1440), viewport: VIEWPORT, bottom: BOTTOM })
}

describe('placing', () => {
  test('rows follow one another, and the room for header and composer is never used', () => {
    fc.assert(
      fc.property(heights, rows => {
        const placed = frame(rows)
        expect(placed.starts[0]).toBe(placed.top)
        expect(placed.top).toBeGreaterThanOrEqual(HEADER)
        for (const [index, height] of rows.entries()) {
          const end = (placed.starts[index] ?? 0) + height
          expect(placed.starts[index + 1] ?? placed.total - BOTTOM + ROW_GAP).toBe(end + ROW_GAP)
        }
      }),
    )
  })

  test('few rows stand at the bottom', () => {
    const placed = frame([300])
    expect(placed.total).toBe(VIEWPORT)
    expect(placed.starts).toEqual([VIEWPORT - BOTTOM - 300])
  })
})

describe('where the reader is', () => {
  test('after every height has changed, the same share of the same row is under the header’s edge', () => {
    fc.assert(
      fc.property(heights, fc.nat(20_000), fc.integer({ min: 50, max: 200 }), (rows, far, percent) => {
        const before = frame(rows)
        const offset = Math.min(far, Math.max(0, before.total - VIEWPORT))
        const point = readingPoint(before, offset)
        if (!point) throw new Error('there are rows')
        const after = frame(rows.map(height => Math.round((height * percent) / 100)))
        const index = after.indexOf.get(point.key) ?? -1
        const edge = offsetOf(after, point) + HEADER
        const share = (edge - (after.starts[index] ?? 0)) / (after.layouts[index]?.height ?? 1)
        expect(share).toBeCloseTo(point.share, 1)
      }),
    )
  })

  test('nothing changed: the offset is the one it was', () => {
    const placed = frame([400, 500, 600, 700])
    const point = readingPoint(placed, 700)
    expect(point && offsetOf(placed, point)).toBe(700)
  })

  test('a row that is gone has no place', () => {
    expect(offsetOf(frame([400]), { key: 'gone', share: 0.5 })).toBe(0)
  })
})

describe('the end', () => {
  const placed = frame([600, 600, 600])

  test('within a finger’s breadth of the end the view is pinned', () => {
    expect(isPinned(placed, placed.total - VIEWPORT)).toBe(true)
    expect(isPinned(placed, placed.total - VIEWPORT - 40)).toBe(true)
    expect(isPinned(placed, placed.total - VIEWPORT - 200)).toBe(false)
  })

  test('a row behind the composer is not in view', () => {
    const start = placed.starts[2] ?? 0
    expect(isNewestInView(placed, start - VIEWPORT + BOTTOM + 1)).toBe(true)
    expect(isNewestInView(placed, start - VIEWPORT + BOTTOM)).toBe(false)
  })

  test('new is what came after the one last seen; older pages are not new', () => {
    expect(countNew(placed, 'row 0')).toBe(2)
    expect(countNew(placed, 'row 2')).toBe(0)
    expect(countNew(placed, undefined)).toBe(0)
    const withOlder = frame([600, 600, 600, 600, 600], index => `row ${index - 2}`)
    expect(countNew(withOlder, 'row 2')).toBe(0)
  })
})

test('what ends in the upper half of the view grows upwards, what is read does not', () => {
  expect(growsUpwards(0, 400, 1_000, VIEWPORT)).toBe(true)
  expect(growsUpwards(900, 1_300, 1_000, VIEWPORT)).toBe(true)
  expect(growsUpwards(900, 1_700, 1_000, VIEWPORT)).toBe(false)
  expect(growsUpwards(1_200, 1_400, 1_000, VIEWPORT)).toBe(false)
})

test('never more than 20 rows are kept, those in view and those that are held always', () => {
  const range = fc.record({ startIndex: fc.nat(200), length: fc.integer({ min: 1, max: 16 }), overscan: fc.nat(10) })
  fc.assert(
    fc.property(range, fc.uniqueArray(fc.nat(250), { maxLength: 2 }), ({ startIndex, length, overscan }, held) => {
      const count = startIndex + length + 20
      const endIndex = startIndex + length - 1
      const kept = rowsToKeep({ startIndex, endIndex, overscan, count }, held)
      expect(kept.length).toBeLessThanOrEqual(20)
      expect(kept).toEqual([...new Set(kept)].toSorted((a, b) => a - b))
      for (let index = startIndex; index <= endIndex; index += 1) expect(kept).toContain(index)
      for (const index of held.filter(index => index < count)) expect(kept).toContain(index)
    }),
  )
})
