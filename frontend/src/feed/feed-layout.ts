import type { Row } from '../store/generation-window.ts'
import { type Geometry, ROW_GAP, type RowLayout } from './row-layout.ts'

/** The feed at one moment: every row it knows and the exact place of each, in CSS pixels from the top of the page. */
export interface Frame {
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

export interface FrameInput {
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
export const HEADER = 64
/** What counts as being at the end: a finger does not stop at the exact pixel. */
const PINNED_WITHIN = 48
const MOST_ROWS = 20

/** Places every row. Few rows stand at the bottom, next to the composer, like the end of a long feed does. */
export function frameOf({ rows, layouts, geometry, viewport, bottom, isNewest }: FrameInput): Frame {
  const heights = layouts.reduce((total, layout) => total + layout.height, 0)
  const length = heights + Math.max(0, rows.length - 1) * ROW_GAP
  const top = Math.max(HEADER, viewport - length - bottom)
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
export function isPinned(frame: Frame, offset: number): boolean {
  return frame.isNewest && leftBelow(frame, offset) <= PINNED_WITHIN
}

/** How much of the feed lies below the view. */
export function leftBelow(frame: Frame, offset: number): number {
  return frame.total - frame.viewport - offset
}

/** The scroll offset at the end of the feed. */
export function endOf(frame: Frame): number {
  return Math.max(0, leftBelow(frame, 0))
}

/** Whether any of the newest row can be seen between the header and the composer. */
export function isNewestInView(frame: Frame, offset: number): boolean {
  const start = frame.starts.at(-1)
  return frame.isNewest && (start === undefined || start < offset + frame.viewport - frame.bottom)
}

/**
 * The row that stays where it is whatever changes around it: the one under the header's edge if it reaches into the lower half of
 * the view, else the one after it. What begins above it grows upwards, what follows it downwards.
 *
 * @returns its index; -1 if there are no rows
 */
export function anchorOf(frame: Frame, offset: number): number {
  const next = firstFrom(frame, offset + HEADER)
  const end = startOf(frame, next - 1) + heightOf(frame, next - 1)
  const isReadAbove = next > 0 && end > offset + frame.viewport / 2
  return Math.min(isReadAbove ? next - 1 : next, frame.rows.length - 1)
}

/**
 * The scroll offset that leaves the reader's row exactly where it was, whatever came, grew or went elsewhere. Where that row
 * itself is gone, the next one that is left takes its part, else the one before.
 *
 * @param held a row that is to stay instead of the one that is being read
 */
export function anchoredOffset(before: Frame, after: Frame, offset: number, held?: string): number {
  const anchor = (held === undefined ? undefined : before.indexOf.get(held)) ?? anchorOf(before, offset)
  const isLeft = (row: Row) => after.indexOf.has(row.key)
  const next = before.rows.findIndex((row, index) => index >= anchor && isLeft(row))
  const kept = next >= 0 ? next : before.rows.slice(0, Math.max(anchor, 0)).findLastIndex(isLeft)
  const now = after.indexOf.get(before.rows[kept]?.key ?? '')
  if (now === undefined) return endOf(after)
  const moved = startOf(after, now) - startOf(before, kept)
  return Math.min(Math.max(0, offset + moved), endOf(after))
}

/** Where in the feed the reader is: a row, and how far down in it, as a share of its height. */
export interface ReadingPoint {
  key: string
  share: number
}

/** The row under the header's edge. */
export function readingPoint(frame: Frame, offset: number): ReadingPoint | undefined {
  const edge = offset + HEADER
  const index = Math.max(0, firstFrom(frame, edge + 1) - 1)
  const row = frame.rows[index]
  if (!row) return undefined
  return { key: row.key, share: (edge - startOf(frame, index)) / Math.max(1, heightOf(frame, index)) }
}

/** The scroll offset that puts the reader at a place of a row; undefined if that row is not there. */
export function offsetOf(frame: Frame, point: ReadingPoint): number | undefined {
  const index = frame.indexOf.get(point.key)
  if (index === undefined) return undefined
  const offset = Math.round(startOf(frame, index) + point.share * heightOf(frame, index) - HEADER)
  return Math.min(Math.max(0, offset), endOf(frame))
}

export type Direction = 'backward' | 'forward' | null

/** How many rows are kept beyond the view, before and after it: more where the reader is heading. */
const OVERSCAN: Record<Exclude<Direction, null> | 'still', readonly [before: number, after: number]> = {
  still: [3, 3],
  backward: [7, 1],
  forward: [1, 7],
}

/**
 * The rows to keep in the page: those in view, some on either side, and those that hold the focus, never more than 20.
 *
 * @param held indexes of rows that must stay, wherever they are
 */
export function rowsToKeep(
  { startIndex, endIndex, count }: { startIndex: number; endIndex: number; count: number },
  held: readonly number[],
  direction: Direction = null,
): number[] {
  const spare = Math.max(0, MOST_ROWS - held.length - (endIndex - startIndex + 1))
  const [before, after] = OVERSCAN[direction ?? 'still']
  const share = Math.min(1, spare / (before + after))
  const from = Math.max(0, startIndex - Math.floor(before * share))
  const to = Math.min(count - 1, endIndex + Math.floor(after * share))
  const near = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
  const far = held.filter(index => index >= 0 && index < count && (index < from || index > to))
  return [...near, ...far].toSorted((a, b) => a - b)
}

/** The first row that begins at or below a place; the number of rows if there is none. */
function firstFrom({ starts }: Frame, place: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) < place) low = middle + 1
    else high = middle
  }
  return low
}

function startOf(frame: Frame, index: number): number {
  return frame.starts[index] ?? 0
}

function heightOf(frame: Frame, index: number): number {
  return frame.layouts[index]?.height ?? 0
}
