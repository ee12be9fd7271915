import type { Generation } from '@darkroom/contracts/generation'
import { ALL_GENERATIONS, isPlain, type ListQuery } from '../library/list-query.ts'
import { isInTrash } from '../library/match-query.ts'

/** Delivery state of a generation that this page has submitted, until the studio has answered. */
export type Delivery = { state: 'sending' } | { state: 'waiting' } | { state: 'refused'; problem: string }

/** One generation of the feed. Its key is the `clientId`: the same before and after the studio has answered. */
export interface Row {
  readonly key: string
  readonly sortKey: string
  readonly generation: Generation
  readonly delivery: Delivery | null
}

/** One end of the window: `end` if nothing lies beyond it, a cursor to the next page, or `cut` if rows were trimmed or not read yet. */
export type Edge = 'end' | 'cut' | { cursor: string }

/**
 * The generations that this page has loaded: a window on a list, without gaps, oldest first. Submissions of this page that have no
 * answer yet stand at the end of the plain feed, where the window reaches it.
 */
export interface GenerationWindow {
  /** The list that the rows are of. */
  readonly query: ListQuery
  readonly rows: readonly Row[]
  readonly byKey: ReadonlyMap<string, Row>
  /** Submissions of this page that the studio has not answered. */
  readonly unsent: readonly Row[]
  readonly older: Edge
  readonly newer: Edge
  /** Sort key of the newest generation that this page has ever received. */
  readonly newestKey: string
  /** Keys of generations newer than that, received while the window ended before them. */
  readonly unloadedNewer: ReadonlySet<string>
  /** The versions in which generations left the list, by key: a late event must not bring one back. */
  readonly deletedVersions: ReadonlyMap<string, number>
  /** Ids of generations that are deleted permanently: nothing that was read before brings one back. */
  readonly purgedIds: ReadonlySet<string>
}

export const EMPTY_WINDOW: GenerationWindow = {
  query: ALL_GENERATIONS,
  rows: [],
  byKey: new Map(),
  unsent: [],
  older: 'cut',
  newer: 'end',
  newestKey: '',
  unloadedNewer: new Set(),
  deletedVersions: new Map(),
  purgedIds: new Set(),
}

/** Replaces the confirmed rows: sorts them, and appends the unsent ones where they are shown. */
export function withRows(window: GenerationWindow, confirmed: readonly Row[]): GenerationWindow {
  const ordered = isOrdered(confirmed) ? confirmed : confirmed.toSorted((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
  const rows = [...ordered, ...shownUnsent(window)]
  return { ...window, rows, byKey: new Map([...window.unsent, ...ordered].map(row => [row.key, row])) }
}

/** Returns the unsent submissions that are shown: those of the plain feed, if the window reaches its end. */
function shownUnsent({ query, newer, unsent }: GenerationWindow): readonly Row[] {
  return newer === 'end' && isPlain(query) ? unsent : []
}

/** Returns whether a generation is not of the window's list because it was deleted or, in the trash, restored. */
export function hasLeft({ query }: GenerationWindow, generation: Generation): boolean {
  return isInTrash(generation) !== (query.section === 'trash')
}

/** Sorts after every instant. */
export const UNSENT_PREFIX = '~'

/** Returns the window's rows that the studio has confirmed. */
export function confirmedRows(window: GenerationWindow): readonly Row[] {
  return window.rows.filter(row => row.delivery === null)
}

/** Adds or replaces generations, where their version is newer than the one in the window. */
export function upsertGenerations(window: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const changed = latestVersions(generations).filter(generation => isNewer(window, generation))
  if (changed.length === 0) return window
  const rows = new Map(confirmedRows(window).map(row => [row.key, row]))
  const deletedVersions = new Map(window.deletedVersions)
  for (const generation of changed) {
    rows.delete(generation.clientId)
    if (hasLeft(window, generation)) deletedVersions.set(generation.clientId, generation.version)
    else rows.set(generation.clientId, toRow(generation))
  }
  return { ...withRows(withoutUnsent(window, changed), [...rows.values()]), deletedVersions }
}

/** Drops the unsent rows of generations that the studio has answered with. */
export function withoutUnsent(window: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const confirmedKeys = new Set(generations.map(({ clientId }) => clientId))
  if (!window.unsent.some(row => confirmedKeys.has(row.key))) return window
  return { ...window, unsent: window.unsent.filter(row => !confirmedKeys.has(row.key)) }
}

/** Returns a text that sorts as `createdAt, id` do. Instants are compared to the microsecond, in any notation. */
export function sortKeyOf({ createdAt, id }: Generation): string {
  const submilliseconds = /\.\d{3}(\d{1,6})/.exec(createdAt)?.[1] ?? ''
  return `${padMilliseconds(createdAt)}.${submilliseconds.padEnd(6, '0')} ${id}`
}

/** Returns the later of two sort keys. */
export function laterSortKey(a: string, b: string): string {
  return a > b ? a : b
}

function isNewer(window: GenerationWindow, generation: Generation): boolean {
  if (window.purgedIds.has(generation.id)) return false
  const row = window.byKey.get(generation.clientId)
  const shown = row && row.delivery === null ? row.generation.version : 0
  return generation.version > Math.max(shown, window.deletedVersions.get(generation.clientId) ?? 0)
}

/** Returns the newest version of each generation. */
export function latestVersions(generations: readonly Generation[]): Generation[] {
  const newest = new Map<string, Generation>()
  for (const generation of generations) {
    if (generation.version > (newest.get(generation.clientId)?.version ?? 0))
      newest.set(generation.clientId, generation)
  }
  return [...newest.values()]
}

function isOrdered(rows: readonly Row[]): boolean {
  return rows.every((row, index) => index === 0 || (rows[index - 1]?.sortKey ?? '') <= row.sortKey)
}

function toRow(generation: Generation): Row {
  return { key: generation.clientId, sortKey: sortKeyOf(generation), generation, delivery: null }
}

export function padMilliseconds(instant: string): string {
  return String(Date.parse(instant) || 0).padStart(15, '0')
}
