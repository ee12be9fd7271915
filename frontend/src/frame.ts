import type { Row } from './generations.ts'
import { type Geometry, ROW_GAP, type RowLayout } from './layout.ts'

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
}

export interface FrameInput {
  rows: readonly Row[]
  layouts: readonly RowLayout[]
  geometry: Geometry
  /** Height of the window. */
  viewport: number
  /** Room that the composer takes below the newest row. */
  bottom: number
}

/** Room that the header takes above the oldest row. */
export const HEADER = 64
/** What counts as being at the end: a finger does not stop at the exact pixel. */
export const PINNED_WITHIN = 48
const MOST_ROWS = 20

/** Places every row. Few rows stand at the bottom, next to the composer, like the end of a long feed does. */
export function frameOf({ rows, layouts, geometry, viewport, bottom }: FrameInput): Frame {
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
  return { rows, layouts, starts, indexOf, geometry, viewport, top, bottom, total: top + length + bottom }
}

/** Whether the view is at the end of the feed, and so stays there when something is added. */
export function isPinned(frame: Frame, offset: number): boolean {
  return leftBelow(frame, offset) <= PINNED_WITHIN
}

/** How much of the feed lies below the view. */
export function leftBelow(frame: Frame, offset: number): number {
  return frame.total - frame.viewport - offset
}

/** Whether any of the newest row can be seen between the header and the composer. */
export function isNewestInView(frame: Frame, offset: number): boolean {
  const start = frame.starts.at(-1)
  return start === undefined || start < offset + frame.viewport - frame.bottom
}

/** How many rows came after the one that was the newest when it was last in view. */
export function countNew(frame: Frame, lastSeen: string | undefined): number {
  const index = lastSeen === undefined ? undefined : frame.indexOf.get(lastSeen)
  return index === undefined ? 0 : frame.rows.length - 1 - index
}

/** Where in the feed the reader is: a row, and how far down in it, as a share of its height. */
export interface ReadingPoint {
  key: string
  share: number
}

/** The row under the header's edge. */
export function readingPoint(frame: Frame, offset: number): ReadingPoint | undefined {
  const edge = offset + HEADER
  const index = Math.max(
    0,
    frame.starts.findLastIndex(start => start <= edge),
  )
  const row = frame.rows[index]
  if (!row) return undefined
  return { key: row.key, share: (edge - startOf(frame, index)) / Math.max(1, heightOf(frame, index)) }
}

/** The scroll offset that puts the reader back at the same place of the same row after every height has changed. */
export function offsetOf(frame: Frame, point: ReadingPoint): number {
  const index = frame.indexOf.get(point.key)
  if (index === undefined) return 0
  return Math.round(startOf(frame, index) + point.share * heightOf(frame, index) - HEADER)
}

/**
 * Which side of a row that changes its height stays where it is. What begins above the view and ends in its upper half
 * grows upwards: the rows that are being read are the ones below it.
 */
export function growsUpwards(start: number, end: number, offset: number, viewport: number): boolean {
  return start < offset + HEADER && end <= offset + viewport / 2
}

/**
 * The rows to keep in the page: those in view, some on either side, and those that hold the focus, never more than 20.
 *
 * @param held indexes of rows that must stay, wherever they are
 */
export function rowsToKeep(
  range: { startIndex: number; endIndex: number; overscan: number; count: number },
  held: number[],
): number[] {
  const { startIndex, endIndex, count } = range
  const spare = Math.floor((MOST_ROWS - held.length - (endIndex - startIndex + 1)) / 2)
  const overscan = Math.max(0, Math.min(range.overscan, spare))
  const from = Math.max(0, startIndex - overscan)
  const to = Math.min(count - 1, endIndex + overscan)
  const near = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
  const far = held.filter(index => index >= 0 && index < count && (index < from || index > to))
  return [...near, ...far].toSorted((a, b) => a - b)
}

function startOf(frame: Frame, index: number): number {
  return frame.starts[index] ?? 0
}

function heightOf(frame: Frame, index: number): number {
  return frame.layouts[index]?.height ?? 0
}
