import type { Generation } from '@darkroom/contracts/generation'
import {
  confirmedRows,
  type Delivery,
  type GenerationWindow,
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
 * Takes in generations as the studio tells them, in any order and any number of times. A version never overwrites a newer
 * one, a deleted generation never comes back, and a sent one becomes the studio's under the same key. What lies outside of the
 * window is left to the page that it is on; of what is newer than everything, it is noted that it is there.
 */
export function merge(known: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const latest = latestVersions(generations)
  const within = latest.filter(generation => generation.deletedAt !== null || isInWindow(known, generation))
  return noteNewer(upsertGenerations(known, within), latest)
}

/** Notes the newest generation there is, where the window does not reach it. */
export function noteNewest(known: GenerationWindow, generation: Generation | undefined): GenerationWindow {
  return generation ? { ...known, newestKey: laterSortKey(known.newestKey, sortKeyOf(generation)) } : known
}

/** Shows a generation that is on its way to the studio. */
export function addUnsent(known: GenerationWindow, generation: Generation): GenerationWindow {
  if (known.byKey.has(generation.clientId)) return known
  const row = { key: generation.clientId, sortKey: unsentSortKey(generation), generation, delivery: SENDING }
  return withRows({ ...known, unsent: [...known.unsent, row] }, confirmedRows(known))
}

/** Notes what became of a generation that was sent; nothing if the studio has answered for it already. */
export function setDelivery(known: GenerationWindow, key: string, delivery: Delivery): GenerationWindow {
  const row = known.byKey.get(key)
  if (!row?.delivery) return known
  const sent = known.unsent.map(other => (other === row ? { ...row, delivery } : other))
  return withRows({ ...known, unsent: sent }, confirmedRows(known))
}

/** Takes a generation back that never reached the studio. */
export function removeUnsent(known: GenerationWindow, key: string): GenerationWindow {
  if (!known.byKey.get(key)?.delivery) return known
  return withRows({ ...known, unsent: known.unsent.filter(row => row.key !== key) }, confirmedRows(known))
}

/** Shows a generation other than the studio has told, until it tells anew. */
export function applyOptimistic(
  known: GenerationWindow,
  key: string,
  change: (generation: Generation) => Generation,
): GenerationWindow {
  const changed = (row: Row) => (row.key === key ? { ...row, generation: change(row.generation) } : row)
  return withRows(known, confirmedRows(known).map(changed))
}

/** Hides a generation that is being deleted, whatever is told of it meanwhile. */
export function hideRow(known: GenerationWindow, key: string): GenerationWindow {
  const rows = confirmedRows(known).filter(row => row.key !== key)
  return {
    ...withRows(known, rows),
    deletedVersions: new Map(known.deletedVersions).set(key, Number.POSITIVE_INFINITY),
  }
}

/**
 * Ends the hiding of a generation.
 *
 * @param row its row, to be shown again; or the version in which it was deleted, to be told of if it comes back
 */
export function unhideRow(known: GenerationWindow, key: string, row: Row | number): GenerationWindow {
  const deletedVersions = new Map(known.deletedVersions)
  deletedVersions.delete(key)
  if (typeof row === 'number') return { ...known, deletedVersions: deletedVersions.set(key, row) }
  if (!isInWindow(known, row.generation)) return { ...known, deletedVersions }
  return { ...withRows(known, [...confirmedRows(known).filter(other => other.key !== key), row]), deletedVersions }
}

const SENDING: Delivery = { state: 'sending' }

/** Notes the newest of what was told, and what of it is newer than everything and outside of the window. */
function noteNewer(known: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const isNewer = (generation: Generation) => sortKeyOf(generation) > known.newestKey && generation.deletedAt === null
  const newer = generations.filter(isNewer)
  const outside = newer.filter(({ clientId }) => known.byKey.get(clientId)?.delivery !== null)
  const deleted = generations.filter(
    ({ clientId, deletedAt }) => deletedAt !== null && known.unloadedNewer.has(clientId),
  )
  if (newer.length + deleted.length === 0) return known
  const newest = newer.map(sortKeyOf).reduce(laterSortKey, known.newestKey)
  const beyond = new Set([...known.unloadedNewer, ...outside.map(({ clientId }) => clientId)])
  for (const { clientId } of deleted) beyond.delete(clientId)
  return { ...withRows(withoutUnsent(known, outside), confirmedRows(known)), newestKey: newest, unloadedNewer: beyond }
}

function isInWindow(known: GenerationWindow, generation: Generation): boolean {
  if (known.byKey.get(generation.clientId)?.delivery === null) return true
  const rows = confirmedRows(known)
  const order = sortKeyOf(generation)
  const isAfterFirst = known.older === 'end' || order > (rows.at(0)?.sortKey ?? '')
  return isAfterFirst && (known.newer === 'end' || order < (rows.at(-1)?.sortKey ?? ''))
}

/** What is on its way is the newest of all: the studio's clock decides once it has arrived, and this one may be wrong. */
function unsentSortKey({ createdAt, clientId }: Generation): string {
  return `${UNSENT_PREFIX}${padMilliseconds(createdAt)} ${clientId}`
}
