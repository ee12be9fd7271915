import { expect, test } from 'bun:test'
import { buildLayout } from '../feed-layout.fixture.ts'
import { anchoredOffset, type FeedLayout, maxScrollOffset, scrollOffsetOf, scrollPositionAt } from '../feed-layout.ts'
import { computeGeometry } from '../row-layout.ts'
import { offsetAfterChange, offsetOfTarget } from './scroll-anchor.ts'

const ROWS = [400, 400, 400, 400, 400, 400]
const before = buildLayout(ROWS)
const grown = buildLayout([700, ...ROWS])
const end = maxScrollOffset(before)

test('goes to the target of a move, wherever the page was', () => {
  for (const offset of [0, 500, end]) {
    const change = { before, next: grown, offset, movedTo: { key: 'row 3', share: 0.5 } }
    expect(offsetAfterChange(change)).toBe(scrollOffsetOf(grown, { key: 'row 3', share: 0.5 }) ?? -1)
  }
  expect(offsetAfterChange({ before, next: grown, offset: 0, movedTo: { key: null } })).toBe(maxScrollOffset(grown))
})

test('stays at the end, unless the end of the window is no longer the newest or a row is given', () => {
  const next = buildLayout([...ROWS, 500])
  expect(offsetAfterChange({ before, next, offset: end })).toBe(maxScrollOffset(next))
  expect(offsetAfterChange({ before, next: { ...next, isNewest: false }, offset: end })).toBe(end)
  expect(offsetAfterChange({ before, next, offset: end, anchorKey: 'row 4' })).toBe(end)
})

test('leaves the row being read where it was, while the geometry is the same', () => {
  const next = buildLayout([400, 700, 400, 400, 400, 400])
  expect(offsetAfterChange({ before, next, offset: 500 })).toBe(anchoredOffset(before, next, 500))
  expect(offsetAfterChange({ before, next, offset: 500 })).toBe(800)
})

test('restores the position within the row being read when the geometry changes', () => {
  const next: FeedLayout = {
    ...buildLayout(ROWS.map(height => height / 2)),
    geometry: computeGeometry({ width: 1440, density: 'small' }),
  }
  const position = scrollPositionAt(before, 500)
  expect(offsetAfterChange({ before, next, offset: 500 })).toBe((position && scrollOffsetOf(next, position)) ?? -1)
  const without: FeedLayout = {
    ...buildLayout([400], () => 'another'),
    geometry: computeGeometry({ width: 1440, density: 'small' }),
  }
  expect(offsetAfterChange({ before, next: without, offset: 500 })).toBe(maxScrollOffset(without))
})

test('leaves the row being read where it was when the height of the window scales the images', () => {
  const geometry = computeGeometry({ width: 1440, height: 700 })
  const next: FeedLayout = { ...buildLayout([300, 300, 300, 300, 300, 300]), geometry }
  expect(offsetAfterChange({ before, next, offset: 500 })).toBe(anchoredOffset(before, next, 500))
})

test('takes the end for a target whose row is gone', () => {
  expect(offsetOfTarget(before, { key: 'gone' })).toBe(end)
  expect(offsetOfTarget(before, { key: 'row 2' })).toBe(scrollOffsetOf(before, { key: 'row 2', share: 0 }) ?? -1)
})
