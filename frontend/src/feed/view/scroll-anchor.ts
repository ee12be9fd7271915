import type { ScrollTarget } from '../../store/feed-location.ts'
import {
  anchoredOffset,
  type FeedLayout,
  isPinned,
  maxScrollOffset,
  scrollOffsetOf,
  scrollPositionAt,
} from '../feed-layout.ts'
import type { Geometry } from '../row-layout.ts'

/** A change of the layout, with the scroll offset before it. */
export interface LayoutChange {
  before: FeedLayout
  next: FeedLayout
  offset: number
  /** The scroll target, if the window was moved by this change. */
  movedTo?: ScrollTarget | undefined
  /** A row whose top stays where it is, instead of the row being read. */
  anchorKey?: string | undefined
}

/**
 * Returns the scroll offset after a change. In this order: at the target of a move, still at the end, at the same position of the
 * row being read where its width or the density changed, or with that row exactly where it was.
 */
export function offsetAfterChange({ before, next, offset, movedTo, anchorKey }: LayoutChange): number {
  if (movedTo) return offsetOfTarget(next, movedTo)
  if (isPinned(before, offset) && next.isNewest && anchorKey === undefined) return maxScrollOffset(next)
  const position = isArrangedAnew(before.geometry, next.geometry) ? scrollPositionAt(before, offset) : undefined
  return (position && scrollOffsetOf(next, position)) ?? anchoredOffset(before, next, offset, anchorKey)
}

/** Returns whether rows are arranged anew. A change of the window's height alone only scales their images. */
function isArrangedAnew(before: Geometry, next: Geometry): boolean {
  return before.contentWidth !== next.contentWidth || before.density !== next.density
}

/** Returns the scroll offset of a target: of its row, or of the end if it has none or the row is not there. */
export function offsetOfTarget(layout: FeedLayout, { key, share = 0 }: ScrollTarget): number {
  return (key === null ? undefined : scrollOffsetOf(layout, { key, share })) ?? maxScrollOffset(layout)
}
