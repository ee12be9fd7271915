import type { Generation } from '@darkroom/contracts/generation'
import {
  arrange,
  type Edge,
  type Generations,
  later,
  orderOf,
  ownRows,
  type Row,
  SENT,
  take,
} from './generation-window.ts'

/** A page of the list, newest first, and where the ones beside it begin; null where there is none. */
export interface Page {
  generations: readonly Generation[]
  nextCursor: string | null
  previousCursor: string | null
}

/** Takes in the page that follows the window's oldest row. */
export function addOlder(known: Generations, page: Page): Generations {
  return { ...take(known, page.generations), older: edgeOf(page.nextCursor) }
}

/** Takes in the page that follows the window's newest row. */
export function addNewer(known: Generations, page: Page): Generations {
  const { generations, previousCursor } = page
  return reach({ ...take(known, generations), newer: edgeOf(previousCursor) }, generations)
}

/** Moves the window to a page, wherever it is. */
export function moveTo(known: Generations, page: Page): Generations {
  const { generations, nextCursor, previousCursor } = page
  const empty = { ...known, newer: edgeOf(previousCursor), older: edgeOf(nextCursor) }
  return reach(take(arrange(empty, []), generations), generations)
}

/**
 * Takes in the window's generations, read again without a gap. What was known before it was read, within its reach, and is
 * not among them has been deleted meanwhile; what lies before its reach stays only if nothing lies between.
 *
 * @param before what was known when reading began: what came meanwhile may be too young to be among them
 */
export function refresh(known: Generations, page: Page, before: Generations): Generations {
  const present = new Set(page.generations.map(generation => generation.clientId))
  const places = page.generations.map(orderOf).toSorted()
  const [first = ''] = page.nextCursor === null || !joins(known, page.generations) ? [] : places
  const last = page.previousCursor === null ? SENT : (places.at(-1) ?? '')
  const stays = (row: Row) => {
    const isUnread = row.order < first || (row.order > last && page.previousCursor === null)
    return isUnread || present.has(row.key) || (row.order <= last && before.byKey.get(row.key) !== row)
  }
  const kept = ownRows(known).filter(stays)
  const reachesFurther = kept.some(row => row.order < first)
  const older = reachesFurther ? known.older : edgeOf(page.nextCursor)
  const window = { ...known, older, newer: edgeOf(page.previousCursor) }
  return reach(take(arrange(window, kept), page.generations), page.generations)
}

/** Whether newly read generations meet the window, so that nothing can lie between the two. */
export function joins(known: Generations, read: readonly Generation[]): boolean {
  return read.some(generation => known.byKey.get(generation.clientId)?.delivery === null)
}

/**
 * Keeps the window from growing for ever: what is over is cut off at the end that is further from the reader.
 *
 * @param most rows that it may have
 * @param spare rows that are cut off beyond that, so that it need not be done for each
 */
export function trim(
  known: Generations,
  reader: string,
  { most, spare }: { most: number; spare: number },
): Generations {
  const rows = ownRows(known)
  const at = rows.findIndex(row => row.key === reader)
  if (rows.length <= most) return known
  const surplus = rows.length - most + spare
  const isNearOldest = at >= 0 && at < rows.length / 2
  if (isNearOldest) return arrange({ ...known, newer: 'cut' }, rows.slice(0, -surplus))
  return arrange({ ...known, older: 'cut' }, rows.slice(surplus))
}

/** The window has come to these rows: what it holds or has reached is no longer beyond it. */
function reach(known: Generations, read: readonly Generation[]): Generations {
  const newest = read.map(orderOf).reduce(later, known.newest)
  const left = known.newer === 'end' ? [] : [...known.beyond].filter(key => !known.byKey.has(key))
  return { ...known, newest, beyond: new Set(left) }
}

function edgeOf(cursor: string | null): Edge {
  return cursor === null ? 'end' : { cursor }
}
