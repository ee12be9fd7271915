import { expect, test } from 'bun:test'
import { buildLayout, VIEWPORT } from '../feed-layout.fixture.ts'
import { maxScrollOffset } from '../feed-layout.ts'
import { isNearEnd } from './end-scroll.ts'

test('scrolls smoothly up to three screens, and jumps farther', () => {
  const layout = buildLayout(Array.from({ length: 20 }, () => 500))
  const end = maxScrollOffset(layout)
  expect(isNearEnd(layout, end)).toBe(true)
  expect(isNearEnd(layout, end - 3 * VIEWPORT)).toBe(true)
  expect(isNearEnd(layout, end - 3 * VIEWPORT - 1)).toBe(false)
})
