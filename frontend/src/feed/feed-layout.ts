import type { Row } from '../store/generation-window.ts'
import { type Geometry, ROW_GAP, type RowLayout } from './row-layout.ts'

/** The feed at one moment: every row it knows and the exact place of each, in CSS pixels from the top of the page. */
export interface FeedLayout {
  rows: readonly Row[]
  layouts: readonly RowLayout[]
  starts: readonly number[]
  indexOf: ReadonlyMap<string, number>
  geometry: Geometry
  viewport: number
  top: number
  bottom: number
  total: number
  /** Whether its last row is the newest there is. */
  isNewest: boolean
}

export interface FeedLayoutInput {
  rows: readonly Row[]
  layouts: readonly RowLayout[]
  geometry: Geometry
  /** Height of the window. */
  viewport: number
  /** Room that the composer takes below the newest row. */
  bottom: number
  /** Whether the last row is the newest there is. */
  isNewest: boolean
}

/** Room that the header takes above the oldest row. */
export const HEADER_HEIGHT = 64
/** What counts as being at the end: a finger does not stop at the exact pixel. */
const PIN_THRESHOLD = 48
const MAX_ROWS = 20

/** Places every row. Few rows stand at the bottom, next to the composer, like the end of a long feed does. */
export function computeFeedLayout({
  rows,
  layouts,
  geometry,
  viewport,
  bottom,
  isNewest,
}: FeedLayoutInput): FeedLayout {
  const heights = layouts.reduce((total, layout) => total + layout.height, 0)
  const length = heights + Math.max(0, rows.length - 1) * ROW_GAP
  const top = Math.max(HEADER_HEIGHT, viewport - length - bottom)
  let next = top
  const starts = layouts.map(layout => {
    const start = next
    next += layout.height + ROW_GAP
    return start
  })
  const indexOf = new Map(rows.map((row, index) => [row.key, index]))
  return { rows, layouts, starts, indexOf, geometry, viewport, top, bottom, total: top + length + bottom, isNewest }
}

/** Whether the view is at the end of the feed, and so stays there when something is added. */
export function isPinned(layout: FeedLayout, offset: number): boolean {
  return layout.isNewest && distanceToEnd(layout, offset) <= PIN_THRESHOLD
}

/** How much of the feed lies below the view. */
export function distanceToEnd(layout: FeedLayout, offset: number): number {
  return layout.total - layout.viewport - offset
}

/** The scroll offset at the end of the feed. */
export function maxScrollOffset(layout: FeedLayout): number {
  return Math.max(0, distanceToEnd(layout, 0))
}

/** Whether any of the newest row can be seen between the header and the composer. */
export function isNewestInView(layout: FeedLayout, offset: number): boolean {
  const start = layout.starts.at(-1)
  return layout.isNewest && (start === undefined || start < offset + layout.viewport - layout.bottom)
}

/**
 * The row that stays where it is whatever changes around it: the one under the header's edge if it reaches into the lower half of
 * the view, else the one after it. What begins above it grows upwards, what follows it downwards.
 *
 * @returns its index; -1 if there are no rows
 */
export function findAnchorIndex(layout: FeedLayout, offset: number): number {
  const next = lowerBound(layout, offset + HEADER_HEIGHT)
  const end = rowStart(layout, next - 1) + rowHeight(layout, next - 1)
  const isReadAbove = next > 0 && end > offset + layout.viewport / 2
  return Math.min(isReadAbove ? next - 1 : next, layout.rows.length - 1)
}

/**
 * The scroll offset that leaves the reader's row exactly where it was, whatever came, grew or went elsewhere. Where that row
 * itself is gone, the next one that is left takes its part, else the one before.
 *
 * @param anchorKey a row that is to stay instead of the one that is being read
 */
export function anchoredOffset(before: FeedLayout, after: FeedLayout, offset: number, anchorKey?: string): number {
  const anchor =
    (anchorKey === undefined ? undefined : before.indexOf.get(anchorKey)) ?? findAnchorIndex(before, offset)
  const isPresent = (row: Row) => after.indexOf.has(row.key)
  const next = before.rows.findIndex((row, index) => index >= anchor && isPresent(row))
  const keptIndex = next >= 0 ? next : before.rows.slice(0, Math.max(anchor, 0)).findLastIndex(isPresent)
  const now = after.indexOf.get(before.rows[keptIndex]?.key ?? '')
  if (now === undefined) return maxScrollOffset(after)
  const moved = rowStart(after, now) - rowStart(before, keptIndex)
  return Math.min(Math.max(0, offset + moved), maxScrollOffset(after))
}

/** Where in the feed the reader is: a row, and how far down in it, as a share of its height. */
export interface ScrollPosition {
  key: string
  share: number
}

/** The row under the header's edge. */
export function scrollPositionAt(layout: FeedLayout, offset: number): ScrollPosition | undefined {
  const edge = offset + HEADER_HEIGHT
  const index = Math.max(0, lowerBound(layout, edge + 1) - 1)
  const row = layout.rows[index]
  if (!row) return undefined
  return { key: row.key, share: (edge - rowStart(layout, index)) / Math.max(1, rowHeight(layout, index)) }
}

/** The scroll offset that puts the reader at a place of a row; undefined if that row is not there. */
export function scrollOffsetOf(layout: FeedLayout, position: ScrollPosition): number | undefined {
  const index = layout.indexOf.get(position.key)
  if (index === undefined) return undefined
  const offset = Math.round(rowStart(layout, index) + position.share * rowHeight(layout, index) - HEADER_HEIGHT)
  return Math.min(Math.max(0, offset), maxScrollOffset(layout))
}

export type ScrollDirection = 'backward' | 'forward' | null

/** How many rows are kept beyond the view, before and after it: more where the reader is heading. */
const OVERSCAN: Record<Exclude<ScrollDirection, null> | 'still', readonly [before: number, after: number]> = {
  still: [3, 3],
  backward: [7, 1],
  forward: [1, 7],
}

/**
 * The rows to keep in the page: those in view, some on either side, and those that hold the focus, never more than 20.
 *
 * @param retained indexes of rows that must stay, wherever they are
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

/** The first row that begins at or below a place; the number of rows if there is none. */
function lowerBound({ starts }: FeedLayout, offset: number): number {
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
