import type { Generation } from '@darkroom/contracts/generation'
import { matchesQuery } from '../library/match-query.ts'
import {
  confirmedRows,
  type Delivery,
  type GenerationWindow,
  hasLeft,
  laterSortKey,
  latestVersions,
  padMilliseconds,
  type Row,
  sortKeyOf,
  UNSENT_PREFIX,
  upsertGenerations,
  withoutUnsent,
  withRows,
} from './generation-window.ts'

/**
 * Merges generations received from the studio, in any order and any number of times. A version never overwrites a newer one, a
 * deleted generation never comes back, and a submission becomes the studio's generation under the same key. Generations outside
 * of the window are left to the page that they are on; the keys of those newer than everything go to `unloadedNewer`. A row that
 * no longer matches the list's filter stays until the list is left, so that nothing moves; a deleted or restored one leaves.
 */
export function merge(window: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  return mergeListed(window, generations, false)
}

/** Merges generations of which the studio has found that they match the searched text. */
export function mergeFound(window: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  return mergeListed(window, generations, true)
}

function mergeListed(window: GenerationWindow, generations: readonly Generation[], isFound: boolean): GenerationWindow {
  const latest = latestVersions(generations)
  const isLeaving = (generation: Generation) => leavesList(window, generation)
  const isListed = (generation: Generation) => belongsToList(window, generation, isFound)
  const within = latest.filter(
    generation => isLeaving(generation) || (isListed(generation) && isInWindow(window, generation)),
  )
  const confirmed = dropUnsent(
    window,
    latest.filter(generation => !isListed(generation)),
  )
  const listed = latest.filter(generation => isLeaving(generation) || isListed(generation))
  return recordNewer(upsertGenerations(confirmed, within), listed)
}

/** Drops generations that are deleted permanently, also from pages and events that come later: they may have been read before. */
export function dropGenerations(window: GenerationWindow, ids: ReadonlySet<string>): GenerationWindow {
  const rows = confirmedRows(window)
  const left = rows.filter(({ generation }) => !ids.has(generation.id))
  const dropped = { ...window, purgedIds: new Set([...window.purgedIds, ...ids]) }
  return left.length === rows.length ? dropped : withRows(dropped, left)
}

/** Records the newest generation there is, where the window does not reach it. */
export function recordNewest(window: GenerationWindow, generation: Generation | undefined): GenerationWindow {
  return generation ? { ...window, newestKey: laterSortKey(window.newestKey, sortKeyOf(generation)) } : window
}

/** Adds a row for a generation that is on its way to the studio. */
export function addUnsent(window: GenerationWindow, generation: Generation): GenerationWindow {
  if (window.byKey.has(generation.clientId)) return window
  const row = { key: generation.clientId, sortKey: unsentSortKey(generation), generation, delivery: SENDING }
  return withRows({ ...window, unsent: [...window.unsent, row] }, confirmedRows(window))
}

/** Sets the delivery state of a submission. Changes nothing if the studio has confirmed it already. */
export function setDelivery(window: GenerationWindow, key: string, delivery: Delivery): GenerationWindow {
  const row = window.byKey.get(key)
  if (!row?.delivery) return window
  const unsent = window.unsent.map(other => (other === row ? { ...row, delivery } : other))
  return withRows({ ...window, unsent }, confirmedRows(window))
}

/** Removes a submission that never reached the studio. */
export function removeUnsent(window: GenerationWindow, key: string): GenerationWindow {
  if (!window.byKey.get(key)?.delivery) return window
  return withRows({ ...window, unsent: window.unsent.filter(row => row.key !== key) }, confirmedRows(window))
}

/** Changes a generation ahead of the studio, until the studio sends its next version. */
export function applyOptimistic(
  window: GenerationWindow,
  key: string,
  change: (generation: Generation) => Generation,
): GenerationWindow {
  const changed = (row: Row) => (row.key === key ? { ...row, generation: change(row.generation) } : row)
  return withRows(window, confirmedRows(window).map(changed))
}

/** Hides a generation that is being deleted, whatever events arrive for it meanwhile. */
export function hideRow(window: GenerationWindow, key: string): GenerationWindow {
  const rows = confirmedRows(window).filter(row => row.key !== key)
  return {
    ...withRows(window, rows),
    deletedVersions: new Map(window.deletedVersions).set(key, Number.POSITIVE_INFINITY),
  }
}

/**
 * Ends the hiding of a generation.
 *
 * @param row its row, to show it again; or the version in which it was deleted, which a newer version brings back
 */
export function unhideRow(window: GenerationWindow, key: string, row: Row | number): GenerationWindow {
  const deletedVersions = new Map(window.deletedVersions)
  deletedVersions.delete(key)
  if (typeof row === 'number') return { ...window, deletedVersions: deletedVersions.set(key, row) }
  const isPurged = window.purgedIds.has(row.generation.id)
  const isShown = !isPurged && belongsToList(window, row.generation) && isInWindow(window, row.generation)
  if (!isShown) return { ...window, deletedVersions }
  return { ...withRows(window, [...confirmedRows(window).filter(other => other.key !== key), row]), deletedVersions }
}

const SENDING: Delivery = { state: 'sending' }

/** Records the newest sort key of these generations, and the keys of those that are newer than everything and outside of the window. */
function recordNewer(window: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const isNewer = (generation: Generation) => sortKeyOf(generation) > window.newestKey && !hasLeft(window, generation)
  const newer = generations.filter(isNewer)
  const outside = newer.filter(({ clientId }) => window.byKey.get(clientId)?.delivery !== null)
  const deleted = generations.filter(
    generation => hasLeft(window, generation) && window.unloadedNewer.has(generation.clientId),
  )
  if (newer.length + deleted.length === 0) return window
  const newestKey = newer.map(sortKeyOf).reduce(laterSortKey, window.newestKey)
  const unloadedNewer = new Set([...window.unloadedNewer, ...outside.map(({ clientId }) => clientId)])
  for (const { clientId } of deleted) unloadedNewer.delete(clientId)
  return { ...withRows(withoutUnsent(window, outside), confirmedRows(window)), newestKey, unloadedNewer }
}

/** Returns whether a generation leaves the list. A deleted one is recorded also if it is not loaded: see `deletedVersions`. */
function leavesList(window: GenerationWindow, generation: Generation): boolean {
  return hasLeft(window, generation) && (generation.deletedAt !== null || window.byKey.has(generation.clientId))
}

function belongsToList(window: GenerationWindow, generation: Generation, isFound = false): boolean {
  if (hasLeft(window, generation)) return false
  if (window.byKey.get(generation.clientId)?.delivery === null) return true
  const match = matchesQuery(generation, window.query)
  return match === true || (match === 'unknown' && isFound)
}

/** Drops the unsent rows of generations that the studio has answered with, and that the list does not show. */
function dropUnsent(window: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const left = withoutUnsent(window, generations)
  return left === window ? window : withRows(left, confirmedRows(window))
}

function isInWindow(window: GenerationWindow, generation: Generation): boolean {
  if (window.byKey.get(generation.clientId)?.delivery === null) return true
  const rows = confirmedRows(window)
  const order = sortKeyOf(generation)
  const isAfterFirst = window.older === 'end' || order > (rows.at(0)?.sortKey ?? '')
  return isAfterFirst && (window.newer === 'end' || order < (rows.at(-1)?.sortKey ?? ''))
}

/** Sorts a submission after everything else: the studio's clock decides once it has arrived, and this browser's may be wrong. */
function unsentSortKey({ createdAt, clientId }: Generation): string {
  return `${UNSENT_PREFIX}${padMilliseconds(createdAt)} ${clientId}`
}
