import type { Row } from '../store/generation-window.ts'
import type { Geometry, RowLayout } from './row-layout.ts'

/** The layout of the feed at one moment: all rows of the window, and the position of each in CSS pixels from the top of the page. */
export interface FeedLayout {
  rows: readonly Row[]
  layouts: readonly RowLayout[]
  starts: readonly number[]
  indexOf: ReadonlyMap<string, number>
  geometry: Geometry
  viewport: number
  /** Height that the header takes above the rows. */
  headerHeight: number
  top: number
  bottom: number
  total: number
  /** Whether the last row is the newest there is. */
  isNewest: boolean
}

export interface FeedLayoutInput {
  rows: readonly Row[]
  layouts: readonly RowLayout[]
  geometry: Geometry
  /** Height of the browser window. */
  viewport: number
  /** Height that the header takes above the rows; that of the header alone unless given. */
  headerHeight?: number
  /** Height that the composer takes below the newest row. */
  bottom: number
  /** Whether the last row is the newest there is. */
  isNewest: boolean
}

/** Height that the header takes above the oldest row, in CSS pixels. */
export const HEADER_HEIGHT = 56
/** The greatest distance from the end that counts as being there, in CSS pixels: a finger does not stop at the exact pixel. */
const PIN_THRESHOLD = 48
const MAX_ROWS = 20

/** Computes the position of every row. Few rows stand at the bottom, next to the composer, like the end of a long feed does. */
export function computeFeedLayout({
  rows,
  layouts,
  geometry,
  viewport,
  headerHeight = HEADER_HEIGHT,
  bottom,
  isNewest,
}: FeedLayoutInput): FeedLayout {
  const heights = layouts.reduce((total, layout) => total + layout.height, 0)
  const length = heights + Math.max(0, rows.length - 1) * geometry.rowGap
  const top = Math.max(headerHeight, viewport - length - bottom)
  let next = top
  const starts = layouts.map(layout => {
    const start = next
    next += layout.height + geometry.rowGap
    return start
  })
  const indexOf = new Map(rows.map((row, index) => [row.key, index]))
  const total = top + length + bottom
  return { rows, layouts, starts, indexOf, geometry, viewport, headerHeight, top, bottom, total, isNewest }
}

/** Returns whether the view is at the end of the feed, and so stays there when rows are added. */
export function isPinned(layout: FeedLayout, offset: number): boolean {
  return layout.isNewest && distanceToEnd(layout, offset) <= PIN_THRESHOLD
}

/** Returns the distance from the view to the end of the feed, in CSS pixels. */
export function distanceToEnd(layout: FeedLayout, offset: number): number {
  return layout.total - layout.viewport - offset
}

/** Returns the scroll offset at the end of the feed. */
export function maxScrollOffset(layout: FeedLayout): number {
  return Math.max(0, distanceToEnd(layout, 0))
}

/** Returns whether any part of the newest row is visible between the header and the composer. */
export function isNewestInView(layout: FeedLayout, offset: number): boolean {
  const start = layout.starts.at(-1)
  return layout.isNewest && (start === undefined || start < offset + layout.viewport - layout.bottom)
}

/**
 * Finds the anchor, which is the row that stays where it is when others change: the one under the header's edge if it reaches into
 * the lower half of the view, else the one after it. Rows above it grow upwards, rows after it downwards.
 *
 * @returns its index; -1 if there are no rows
 */
export function findAnchorIndex(layout: FeedLayout, offset: number): number {
  const next = lowerBound(layout.starts, offset + layout.headerHeight)
  const end = rowStart(layout, next - 1) + rowHeight(layout, next - 1)
  const isReadAbove = next > 0 && end > offset + layout.viewport / 2
  return Math.min(isReadAbove ? next - 1 : next, layout.rows.length - 1)
}

/**
 * Returns the scroll offset that leaves the anchor exactly where it was, whatever rows were added, grew or were removed elsewhere.
 * If the anchor itself was removed, the next row that remains takes its part, else the previous one.
 *
 * @param anchorKey a row that stays instead of the one being read
 */
export function anchoredOffset(before: FeedLayout, after: FeedLayout, offset: number, anchorKey?: string): number {
  const start = (anchorKey === undefined ? undefined : before.indexOf.get(anchorKey)) ?? findAnchorIndex(before, offset)
  const isPresent = (row: Row) => after.indexOf.has(row.key)
  const next = before.rows.findIndex((row, index) => index >= start && isPresent(row))
  const anchorIndex = next >= 0 ? next : before.rows.slice(0, Math.max(start, 0)).findLastIndex(isPresent)
  const now = after.indexOf.get(before.rows[anchorIndex]?.key ?? '')
  if (now === undefined) return maxScrollOffset(after)
  const moved = rowStart(after, now) - rowStart(before, anchorIndex)
  return Math.min(Math.max(0, offset + moved), maxScrollOffset(after))
}

/** A scroll position: the row under the header's edge, and the offset of that edge in it as a share of its height. */
export interface ScrollPosition {
  key: string
  share: number
}

/** Returns the scroll position at an offset; undefined if there are no rows. */
export function scrollPositionAt(layout: FeedLayout, offset: number): ScrollPosition | undefined {
  const edge = offset + layout.headerHeight
  const index = Math.max(0, lowerBound(layout.starts, edge + 1) - 1)
  const row = layout.rows[index]
  if (!row) return undefined
  return { key: row.key, share: (edge - rowStart(layout, index)) / Math.max(1, rowHeight(layout, index)) }
}

/** Returns the scroll offset of a scroll position; undefined if its row is not there. */
export function scrollOffsetOf(layout: FeedLayout, position: ScrollPosition): number | undefined {
  const index = layout.indexOf.get(position.key)
  if (index === undefined) return undefined
  const edge = rowStart(layout, index) + position.share * rowHeight(layout, index)
  const offset = Math.round(edge - layout.headerHeight)
  return Math.min(Math.max(0, offset), maxScrollOffset(layout))
}

/** Returns the scroll offset nearest to the current one that shows a row between the header and the composer, its top first. */
export function offsetThatShows(layout: FeedLayout, offset: number, key: string): number | undefined {
  const index = layout.indexOf.get(key)
  if (index === undefined) return undefined
  const start = rowStart(layout, index)
  const highest = start - layout.headerHeight - SHOWN_ROW_MARGIN
  const lowest = start + rowHeight(layout, index) + SHOWN_ROW_MARGIN - layout.viewport + layout.bottom
  const wanted = Math.min(highest, Math.max(offset, lowest))
  return Math.min(Math.max(0, wanted), maxScrollOffset(layout))
}

/** Space between a row that is brought into view and the header or the composer, in CSS pixels. */
const SHOWN_ROW_MARGIN = 16

export type ScrollDirection = 'backward' | 'forward' | null

/** Overscan: rows that are rendered before and after the view, more in the direction of scrolling. */
const OVERSCAN: Record<Exclude<ScrollDirection, null> | 'still', readonly [before: number, after: number]> = {
  still: [3, 3],
  backward: [7, 1],
  forward: [1, 7],
}

/**
 * Selects the rows to render: those in view, some on either side, and the retained ones, never more than 20.
 *
 * @param retained indexes of rows that stay rendered wherever they are, such as the focused one
 */
export function rowsToRender(
  { startIndex, endIndex, count }: { startIndex: number; endIndex: number; count: number },
  retained: readonly number[],
  direction: ScrollDirection = null,
): number[] {
  const budget = Math.max(0, MAX_ROWS - retained.length - (endIndex - startIndex + 1))
  const [before, after] = OVERSCAN[direction ?? 'still']
  const share = Math.min(1, budget / (before + after))
  const from = Math.max(0, startIndex - Math.floor(before * share))
  const to = Math.min(count - 1, endIndex + Math.floor(after * share))
  const near = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
  const far = retained.filter(index => index >= 0 && index < count && (index < from || index > to))
  return [...near, ...far].toSorted((a, b) => a - b)
}

/** Returns the index of the first row that begins at or below an offset; the number of rows if there is none. */
export function lowerBound(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}

function rowStart(layout: FeedLayout, index: number): number {
  return layout.starts[index] ?? 0
}

function rowHeight(layout: FeedLayout, index: number): number {
  return layout.layouts[index]?.height ?? 0
}
