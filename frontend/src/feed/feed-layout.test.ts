import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { BOTTOM, buildLayout, VIEWPORT } from './feed-layout.fixture.ts'
import {
  anchoredOffset,
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

const ROW_GAP = 40
const heights = fc.array(fc.integer({ min: 120, max: 900 }), { minLength: 1, maxLength: 60 })

describe('computeFeedLayout', () => {
  test('places rows one after the other, and none behind the header or the composer', () => {
    fc.assert(
      fc.property(heights, rows => {
        const placed = buildLayout(rows)
        expect(placed.starts[0]).toBe(placed.top)
        expect(placed.top).toBeGreaterThanOrEqual(HEADER_HEIGHT)
        for (const [index, height] of rows.entries()) {
          const end = (placed.starts[index] ?? 0) + height
          expect(placed.starts[index + 1] ?? placed.total - BOTTOM + ROW_GAP).toBe(end + ROW_GAP)
        }
      }),
    )
  })

  test('places few rows at the bottom', () => {
    const placed = buildLayout([300])
    expect(placed.total).toBe(VIEWPORT)
    expect(placed.starts).toEqual([VIEWPORT - BOTTOM - 300])
  })
})

describe('scroll position', () => {
  test('restores the same share of the same row under the header’s edge after all heights have changed', () => {
    fc.assert(
      fc.property(heights, fc.nat(20_000), fc.integer({ min: 100, max: 200 }), (rows, far, percent) => {
        const before = buildLayout(rows)
        const offset = Math.min(far, maxScrollOffset(before))
        const point = scrollPositionAt(before, offset)
        if (!point) throw new Error('the layout has no rows')
        const after = buildLayout(rows.map(height => Math.round((height * percent) / 100)))
        const index = after.indexOf.get(point.key) ?? -1
        const moved = scrollOffsetOf(after, point) ?? Number.NaN
        const share = (moved + HEADER_HEIGHT - (after.starts[index] ?? 0)) / (after.layouts[index]?.height ?? 1)
        if (moved > 0 && moved < maxScrollOffset(after)) expect(share).toBeCloseTo(point.share, 1)
      }),
    )
  })

  test('restores the same offset when nothing has changed', () => {
    const placed = buildLayout([400, 500, 600, 700])
    const point = scrollPositionAt(placed, 700)
    expect(point && scrollOffsetOf(placed, point)).toBe(700)
  })

  test('is undefined for a row that is gone', () => {
    expect(scrollOffsetOf(buildLayout([400]), { key: 'gone', share: 0.5 })).toBeUndefined()
  })
})

describe('end of the feed', () => {
  const placed = buildLayout([600, 600, 600])

  test('pins the view within 48 px of the end', () => {
    expect(isPinned(placed, placed.total - VIEWPORT)).toBe(true)
    expect(isPinned(placed, placed.total - VIEWPORT - 40)).toBe(true)
    expect(isPinned(placed, placed.total - VIEWPORT - 200)).toBe(false)
  })

  test('does not count a row behind the composer as in view', () => {
    const start = placed.starts[2] ?? 0
    expect(isNewestInView(placed, start - VIEWPORT + BOTTOM + 1)).toBe(true)
    expect(isNewestInView(placed, start - VIEWPORT + BOTTOM)).toBe(false)
  })

  test('does not take the end of the window for the end of the feed', () => {
    const window = { ...placed, isNewest: false }
    expect(isPinned(window, maxScrollOffset(window))).toBe(false)
    expect(isNewestInView(window, maxScrollOffset(window))).toBe(false)
  })
})

describe('anchoredOffset', () => {
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

  test('leaves the row being read where it was, to the pixel, whatever rows are added, grow or are removed', () => {
    fc.assert(
      fc.property(change, ({ rows, prepended, appended, far }) => {
        const before = buildLayout(rows.map(row => row.height))
        const offset = Math.min(far, maxScrollOffset(before))
        const left = rows.flatMap(({ height, fate }, index) =>
          fate === 'goes' ? [] : [{ key: `row ${index}`, height: fate === 'grows' ? height + 300 : height }],
        )
        const older = Array.from({ length: prepended }, (_, index) => ({ key: `older ${index}`, height: 500 }))
        const newer = Array.from({ length: appended }, (_, index) => ({ key: `newer ${index}`, height: 500 }))
        const all = [...older, ...left, ...newer]
        const after = buildLayout(
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

  test('lets a row that ends in the upper half of the view grow upwards, and anchors the next one', () => {
    const before = buildLayout([400, 400, 400, 400])
    expect(findAnchorIndex(before, 500)).toBe(2)
    const grown = buildLayout([400, 700, 400, 400])
    expect(anchoredOffset(before, grown, 500)).toBe(800)
  })

  test('anchors the top of a row that reaches into the lower half, which grows downwards', () => {
    const before = buildLayout([400, 1_500, 400, 400])
    expect(findAnchorIndex(before, 700)).toBe(1)
    expect(anchoredOffset(before, buildLayout([400, 2_500, 400, 400]), 700)).toBe(700)
  })

  test('anchors the next row when the anchor is deleted', () => {
    const before = buildLayout([400, 400, 400, 400, 400, 400])
    const without = [0, 1, 3, 4, 5]
    const after = buildLayout([400, 400, 400, 400, 400], index => `row ${without[index]}`)
    expect(screenOf(after, 'row 3', anchoredOffset(before, after, 500))).toBe(screenOf(before, 'row 3', 500))
  })

  test('anchors a given row instead', () => {
    const before = buildLayout([400, 400, 400, 400])
    const after = buildLayout([400, 700, 400, 400])
    expect(anchoredOffset(before, after, 500, 'row 1')).toBe(500)
  })

  test('is the end when no row remains', () => {
    const after = buildLayout([900, 900], index => `other ${index}`)
    expect(anchoredOffset(buildLayout([400, 900, 900]), after, 300)).toBe(maxScrollOffset(after))
  })
})

function screenOf(placed: FeedLayout, key: string, offset: number): number {
  return (placed.starts[placed.indexOf.get(key) ?? -1] ?? Number.NaN) - offset
}

test('renders at most 20 rows, always with those in view and the retained ones', () => {
  const range = fc.record({ startIndex: fc.nat(200), length: fc.integer({ min: 1, max: 16 }) })
  const directions = fc.constantFrom('backward', 'forward', null)
  fc.assert(
    fc.property(
      range,
      fc.uniqueArray(fc.nat(250), { maxLength: 2 }),
      directions,
      ({ startIndex, length }, retained, direction) => {
        const count = startIndex + length + 20
        const endIndex = startIndex + length - 1
        const rendered = rowsToRender({ startIndex, endIndex, count }, retained, direction)
        expect(rendered.length).toBeLessThanOrEqual(20)
        expect(rendered).toEqual([...new Set(rendered)].toSorted((a, b) => a - b))
        for (let index = startIndex; index <= endIndex; index += 1) expect(rendered).toContain(index)
        for (const index of retained.filter(index => index < count)) expect(rendered).toContain(index)
      },
    ),
  )
})
