import type { Generation } from '@darkroom/contracts/generation'
import {
  confirmedRows,
  type Edge,
  type GenerationWindow,
  laterSortKey,
  type Row,
  sortKeyOf,
  UNSENT_PREFIX,
  upsertGenerations,
  withRows,
} from './generation-window.ts'

/** A page of the list, newest first, and where the ones beside it begin; null where there is none. */
export interface Page {
  generations: readonly Generation[]
  nextCursor: string | null
  previousCursor: string | null
}

/** Takes in the page that follows the window's oldest row. */
export function addOlder(known: GenerationWindow, page: Page): GenerationWindow {
  return { ...upsertGenerations(known, page.generations), older: toEdge(page.nextCursor) }
}

/** Takes in the page that follows the window's newest row. */
export function addNewer(known: GenerationWindow, page: Page): GenerationWindow {
  const { generations, previousCursor } = page
  return markReached({ ...upsertGenerations(known, generations), newer: toEdge(previousCursor) }, generations)
}

/** Moves the window to a page, wherever it is. */
export function replaceWindow(known: GenerationWindow, page: Page): GenerationWindow {
  const { generations, nextCursor, previousCursor } = page
  const empty = { ...known, newer: toEdge(previousCursor), older: toEdge(nextCursor) }
  return markReached(upsertGenerations(withRows(empty, []), generations), generations)
}

/**
 * Takes in the window's generations, read again without a gap. What was known before it was read, within its reach, and is
 * not among them has been deleted meanwhile; what lies before its reach stays only if nothing lies between.
 *
 * @param before what was known when reading began: what came meanwhile may be too young to be among them
 */
export function reconcileWindow(known: GenerationWindow, page: Page, before: GenerationWindow): GenerationWindow {
  const present = new Set(page.generations.map(generation => generation.clientId))
  const sortKeys = page.generations.map(sortKeyOf).toSorted()
  const [first = ''] = page.nextCursor === null || !overlaps(known, page.generations) ? [] : sortKeys
  const last = page.previousCursor === null ? UNSENT_PREFIX : (sortKeys.at(-1) ?? '')
  const isKept = (row: Row) => {
    const isUnread = row.sortKey < first || (row.sortKey > last && page.previousCursor === null)
    return isUnread || present.has(row.key) || (row.sortKey <= last && before.byKey.get(row.key) !== row)
  }
  const kept = confirmedRows(known).filter(isKept)
  const reachesFurther = kept.some(row => row.sortKey < first)
  const older = reachesFurther ? known.older : toEdge(page.nextCursor)
  const window = { ...known, older, newer: toEdge(page.previousCursor) }
  return markReached(upsertGenerations(withRows(window, kept), page.generations), page.generations)
}

/** Whether newly read generations meet the window, so that nothing can lie between the two. */
export function overlaps(known: GenerationWindow, read: readonly Generation[]): boolean {
  return read.some(generation => known.byKey.get(generation.clientId)?.delivery === null)
}

/**
 * Keeps the window from growing for ever: what is over is cut off at the end that is further from the reader.
 *
 * @param maxRows rows that it may have
 * @param slack rows that are cut off beyond that, so that it need not be done for each
 */
export function trimWindow(
  known: GenerationWindow,
  anchorKey: string,
  { maxRows, slack }: { maxRows: number; slack: number },
): GenerationWindow {
  const rows = confirmedRows(known)
  const at = rows.findIndex(row => row.key === anchorKey)
  if (rows.length <= maxRows) return known
  const excess = rows.length - maxRows + slack
  const isNearOldest = at >= 0 && at < rows.length / 2
  if (isNearOldest) return withRows({ ...known, newer: 'cut' }, rows.slice(0, -excess))
  return withRows({ ...known, older: 'cut' }, rows.slice(excess))
}

/** The window has come to these rows: what it holds or has reached is no longer beyond it. */
function markReached(known: GenerationWindow, read: readonly Generation[]): GenerationWindow {
  const newest = read.map(sortKeyOf).reduce(laterSortKey, known.newestKey)
  const left = known.newer === 'end' ? [] : [...known.unloadedNewer].filter(key => !known.byKey.has(key))
  return { ...known, newestKey: newest, unloadedNewer: new Set(left) }
}

function toEdge(cursor: string | null): Edge {
  return cursor === null ? 'end' : { cursor }
}
