import type { Generation } from '@darkroom/contracts/generation'
import { isSameQuery, type ListQuery } from '../library/list-query.ts'
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

/** A page of the list, newest first, with the cursors of the pages beside it; null where there is none. */
export interface Page {
  generations: readonly Generation[]
  nextCursor: string | null
  previousCursor: string | null
}

/** Adds the page that follows the window's oldest row. */
export function addOlder(window: GenerationWindow, page: Page): GenerationWindow {
  return { ...upsertGenerations(window, page.generations), older: toEdge(page.nextCursor) }
}

/** Adds the page that follows the window's newest row. */
export function addNewer(window: GenerationWindow, page: Page): GenerationWindow {
  const { generations, previousCursor } = page
  return markReached({ ...upsertGenerations(window, generations), newer: toEdge(previousCursor) }, generations)
}

/** Moves the window to a page, wherever it is. @param query the list that the page is of */
export function replaceWindow(window: GenerationWindow, page: Page, query = window.query): GenerationWindow {
  const { generations, nextCursor, previousCursor } = page
  const empty = { ...startList(window, query), newer: toEdge(previousCursor), older: toEdge(nextCursor) }
  return markReached(upsertGenerations(withRows(empty, []), generations), generations)
}

/**
 * Reconciles the window with its generations, read again without a gap. A row that was loaded before the read, lies within its
 * reach and is not among them has been deleted meanwhile; rows before its reach stay only if there is no gap between.
 *
 * @param before the window when the read began: rows that arrived since may be too young to be in the read
 */
export function reconcileWindow(window: GenerationWindow, page: Page, before: GenerationWindow): GenerationWindow {
  const present = new Set(page.generations.map(generation => generation.clientId))
  const sortKeys = page.generations.map(sortKeyOf).toSorted()
  const [first = ''] = page.nextCursor === null || !overlaps(window, page.generations) ? [] : sortKeys
  const last = page.previousCursor === null ? UNSENT_PREFIX : (sortKeys.at(-1) ?? '')
  const isStillValid = (row: Row) => {
    const isUnread = row.sortKey < first || (row.sortKey > last && page.previousCursor === null)
    return isUnread || present.has(row.key) || (row.sortKey <= last && before.byKey.get(row.key) !== row)
  }
  const retained = confirmedRows(window).filter(isStillValid)
  const reachesFurther = retained.some(row => row.sortKey < first)
  const older = reachesFurther ? window.older : toEdge(page.nextCursor)
  const reconciled = { ...window, older, newer: toEdge(page.previousCursor) }
  return markReached(upsertGenerations(withRows(reconciled, retained), page.generations), page.generations)
}

/** Returns whether newly read generations overlap the window, which means that there is no gap between the two. */
export function overlaps(window: GenerationWindow, read: readonly Generation[]): boolean {
  return read.some(generation => window.byKey.get(generation.clientId)?.delivery === null)
}

/**
 * Limits the size of the window. The excess is cut off at the end that is further from the row being read.
 *
 * @param maxRows rows that it may have
 * @param slack rows that are cut off beyond that, so that not every new row trims again
 */
export function trimWindow(
  window: GenerationWindow,
  anchorKey: string,
  { maxRows, slack }: { maxRows: number; slack: number },
): GenerationWindow {
  const rows = confirmedRows(window)
  const at = rows.findIndex(row => row.key === anchorKey)
  if (rows.length <= maxRows) return window
  const excess = rows.length - maxRows + slack
  const isNearOldest = at >= 0 && at < rows.length / 2
  if (isNearOldest) return withRows({ ...window, newer: 'cut' }, rows.slice(0, -excess))
  return withRows({ ...window, older: 'cut' }, rows.slice(excess))
}

/** Forgets what was recorded about another list. What is being deleted stays hidden. */
function startList(window: GenerationWindow, query: ListQuery): GenerationWindow {
  if (isSameQuery(query, window.query)) return window
  const hidden = [...window.deletedVersions].filter(([, version]) => version === Number.POSITIVE_INFINITY)
  return { ...window, query, newestKey: '', unloadedNewer: new Set(), deletedVersions: new Map(hidden) }
}

/** Records that the window has reached these rows: they are no longer beyond it. */
function markReached(window: GenerationWindow, read: readonly Generation[]): GenerationWindow {
  const newestKey = read.map(sortKeyOf).reduce(laterSortKey, window.newestKey)
  const left = window.newer === 'end' ? [] : [...window.unloadedNewer].filter(key => !window.byKey.has(key))
  return { ...window, newestKey, unloadedNewer: new Set(left) }
}

function toEdge(cursor: string | null): Edge {
  return cursor === null ? 'end' : { cursor }
}
