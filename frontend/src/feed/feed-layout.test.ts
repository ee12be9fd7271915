import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { buildGeneration } from '../store/generation.fixture.ts'
import type { Row } from '../store/generation-window.ts'
import {
  anchoredOffset,
  computeFeedLayout,
  type FeedLayout,
  findAnchorIndex,
  HEADER_HEIGHT,
  isNewestInView,
  isPinned,
  maxScrollOffset,
  rowsToRender,
  scrollOffsetOf,
  scrollPositionAt,
} from './feed-layout.ts'
import { computeGeometry, ROW_GAP, type RowLayout } from './row-layout.ts'

const VIEWPORT = 900
const BOTTOM = 160
const heights = fc.array(fc.integer({ min: 120, max: 900 }), { minLength: 1, maxLength: 60 })

function frame(rows: number[], keyOf = (index: number) => `row ${index}`): FeedLayout {
  const layouts = rows.map(
    (height): RowLayout => ({ height, metaHeight: 0, promptHeight: 0, block: { boxes: [], width: 0, height } }),
  )
  const made = rows.map(
    (_, index): Row => ({ key: keyOf(index), sortKey: '', generation: buildGeneration(), delivery: null }),
  )
  return computeFeedLayout({
    rows: made,
    layouts,
    geometry: computeGeometry(1440),
    viewport: VIEWPORT,
    bottom: BOTTOM,
    isNewest: true,
  })
}

describe('placing', () => {
  test('rows follow one another, and the room for header and composer is never used', () => {
    fc.assert(
      fc.property(heights, rows => {
        const placed = frame(rows)
        expect(placed.starts[0]).toBe(placed.top)
        expect(placed.top).toBeGreaterThanOrEqual(HEADER_HEIGHT)
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
      fc.property(heights, fc.nat(20_000), fc.integer({ min: 100, max: 200 }), (rows, far, percent) => {
        const before = frame(rows)
        const offset = Math.min(far, maxScrollOffset(before))
        const point = scrollPositionAt(before, offset)
        if (!point) throw new Error('there are rows')
        const after = frame(rows.map(height => Math.round((height * percent) / 100)))
        const index = after.indexOf.get(point.key) ?? -1
        const moved = scrollOffsetOf(after, point) ?? Number.NaN
        const share = (moved + HEADER_HEIGHT - (after.starts[index] ?? 0)) / (after.layouts[index]?.height ?? 1)
        if (moved > 0 && moved < maxScrollOffset(after)) expect(share).toBeCloseTo(point.share, 1)
      }),
    )
  })

  test('nothing changed: the offset is the one it was', () => {
    const placed = frame([400, 500, 600, 700])
    const point = scrollPositionAt(placed, 700)
    expect(point && scrollOffsetOf(placed, point)).toBe(700)
  })

  test('a row that is gone has no place', () => {
    expect(scrollOffsetOf(frame([400]), { key: 'gone', share: 0.5 })).toBeUndefined()
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

  test('the end of a window is not the end of the feed', () => {
    const window = { ...placed, isNewest: false }
    expect(isPinned(window, maxScrollOffset(window))).toBe(false)
    expect(isNewestInView(window, maxScrollOffset(window))).toBe(false)
  })
})

describe('what stays where it is', () => {
  const change = fc.record({
    rows: fc.array(
      fc.record({ height: fc.integer({ min: 120, max: 900 }), fate: fc.constantFrom('stays', 'grows', 'goes') }),
      {
        minLength: 1,
        maxLength: 40,
      },
    ),
    prepended: fc.nat(30),
    appended: fc.nat(30),
    far: fc.nat(30_000),
  })

  test('whatever comes, grows or goes around it: the row that is read, to the pixel', () => {
    fc.assert(
      fc.property(change, ({ rows, prepended, appended, far }) => {
        const before = frame(rows.map(row => row.height))
        const offset = Math.min(far, maxScrollOffset(before))
        const left = rows.flatMap(({ height, fate }, index) =>
          fate === 'goes' ? [] : [{ key: `row ${index}`, height: fate === 'grows' ? height + 300 : height }],
        )
        const older = Array.from({ length: prepended }, (_, index) => ({ key: `older ${index}`, height: 500 }))
        const newer = Array.from({ length: appended }, (_, index) => ({ key: `newer ${index}`, height: 500 }))
        const all = [...older, ...left, ...newer]
        const after = frame(
          all.map(row => row.height),
          index => all[index]?.key ?? '',
        )
        const anchor = before.rows[findAnchorIndex(before, offset)]?.key ?? ''
        const moved = anchoredOffset(before, after, offset)
        const isFree = moved > 0 && moved < maxScrollOffset(after)
        if (isFree && after.indexOf.has(anchor))
          expect(screenOf(after, anchor, moved)).toBe(screenOf(before, anchor, offset))
      }),
    )
  })

  test('what ends in the upper half of the view grows upwards, and the row after it is the one that is read', () => {
    const before = frame([400, 400, 400, 400])
    expect(findAnchorIndex(before, 500)).toBe(2)
    const grown = frame([400, 700, 400, 400])
    expect(anchoredOffset(before, grown, 500)).toBe(800)
  })

  test('a row that reaches over the upper half stays at its top, and grows downwards', () => {
    const before = frame([400, 1_500, 400, 400])
    expect(findAnchorIndex(before, 700)).toBe(1)
    expect(anchoredOffset(before, frame([400, 2_500, 400, 400]), 700)).toBe(700)
  })

  test('where the row that is read is deleted, the one after it takes its place', () => {
    const before = frame([400, 400, 400, 400, 400, 400])
    const without = [0, 1, 3, 4, 5]
    const after = frame([400, 400, 400, 400, 400], index => `row ${without[index]}`)
    expect(screenOf(after, 'row 3', anchoredOffset(before, after, 500))).toBe(screenOf(before, 'row 3', 500))
  })

  test('a row that is held stays instead', () => {
    const before = frame([400, 400, 400, 400])
    const after = frame([400, 700, 400, 400])
    expect(anchoredOffset(before, after, 500, 'row 1')).toBe(500)
  })

  test('with nothing left to hold on to it is the end', () => {
    const after = frame([900, 900], index => `other ${index}`)
    expect(anchoredOffset(frame([400, 900, 900]), after, 300)).toBe(maxScrollOffset(after))
  })
})

function screenOf(placed: FeedLayout, key: string, offset: number): number {
  return (placed.starts[placed.indexOf.get(key) ?? -1] ?? Number.NaN) - offset
}

test('never more than 20 rows are kept, those in view and those that are held always', () => {
  const range = fc.record({ startIndex: fc.nat(200), length: fc.integer({ min: 1, max: 16 }) })
  const direction = fc.constantFrom('backward', 'forward', null)
  fc.assert(
    fc.property(
      range,
      fc.uniqueArray(fc.nat(250), { maxLength: 2 }),
      direction,
      ({ startIndex, length }, held, heading) => {
        const count = startIndex + length + 20
        const endIndex = startIndex + length - 1
        const kept = rowsToRender({ startIndex, endIndex, count }, held, heading)
        expect(kept.length).toBeLessThanOrEqual(20)
        expect(kept).toEqual([...new Set(kept)].toSorted((a, b) => a - b))
        for (let index = startIndex; index <= endIndex; index += 1) expect(kept).toContain(index)
        for (const index of held.filter(index => index < count)) expect(kept).toContain(index)
      },
    ),
  )
})
