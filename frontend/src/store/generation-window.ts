import type { Generation } from '@darkroom/contracts/generation'

/** What became of a generation that this page has sent, until the studio has answered for it. */
export type Delivery = { state: 'sending' } | { state: 'waiting' } | { state: 'refused'; problem: string }

/** One generation of the feed. Its key is the `clientId`: the same before and after the studio has answered. */
export interface Row {
  readonly key: string
  readonly sortKey: string
  readonly generation: Generation
  readonly delivery: Delivery | null
}

/** What lies beyond one end of the window: nothing, what its cursor leads to, or what has been cut off or not been read yet. */
export type Edge = 'end' | 'cut' | { cursor: string }

/**
 * The generations that this page holds: a window on all there are, without gaps, oldest first. What was sent from here and has
 * no answer yet stands at the end, where the window reaches it.
 */
export interface GenerationWindow {
  readonly rows: readonly Row[]
  readonly byKey: ReadonlyMap<string, Row>
  /** What this page has sent and the studio has not answered for. */
  readonly unsent: readonly Row[]
  readonly older: Edge
  readonly newer: Edge
  /** The place of the newest generation that this page has ever heard of. */
  readonly newestKey: string
  /** Those that were heard of as newer than that while the window ends before them. */
  readonly unloadedNewer: ReadonlySet<string>
  /** The versions in which generations were deleted, so that a late event does not bring one back. */
  readonly deletedVersions: ReadonlyMap<string, number>
}

export const EMPTY_WINDOW: GenerationWindow = {
  rows: [],
  byKey: new Map(),
  unsent: [],
  older: 'cut',
  newer: 'end',
  newestKey: '',
  unloadedNewer: new Set(),
  deletedVersions: new Map(),
}

/** Puts the studio's rows in order, and after them what was sent, if the window reaches that far. */
export function withRows(known: GenerationWindow, confirmed: readonly Row[]): GenerationWindow {
  const ordered = isOrdered(confirmed) ? confirmed : confirmed.toSorted((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
  const rows = known.newer === 'end' ? [...ordered, ...known.unsent] : ordered
  return { ...known, rows, byKey: new Map([...known.unsent, ...ordered].map(row => [row.key, row])) }
}

/** Sorts after every instant. */
export const UNSENT_PREFIX = '~'

/** The window's rows that the studio has told of. */
export function confirmedRows(known: GenerationWindow): readonly Row[] {
  return known.rows.filter(row => row.delivery === null)
}

/** Puts what the studio told in the place of what was known of it, where it is news. */
export function upsertGenerations(known: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const changed = latestVersions(generations).filter(generation => isNewer(known, generation))
  if (changed.length === 0) return known
  const rows = new Map(confirmedRows(known).map(row => [row.key, row]))
  const deletedVersions = new Map(known.deletedVersions)
  for (const generation of changed) {
    rows.delete(generation.clientId)
    if (generation.deletedAt === null) rows.set(generation.clientId, toRow(generation))
    if (generation.deletedAt !== null) deletedVersions.set(generation.clientId, generation.version)
  }
  return { ...withRows(withoutUnsent(known, changed), [...rows.values()]), deletedVersions }
}

/** Nothing of these is on its way any more: the studio has answered for them. */
export function withoutUnsent(known: GenerationWindow, generations: readonly Generation[]): GenerationWindow {
  const confirmedKeys = new Set(generations.map(({ clientId }) => clientId))
  if (!known.unsent.some(row => confirmedKeys.has(row.key))) return known
  return { ...known, unsent: known.unsent.filter(row => !confirmedKeys.has(row.key)) }
}

/** A text that sorts as `createdAt, id` do. Instants are compared to the microsecond, however they are written. */
export function sortKeyOf({ createdAt, id }: Generation): string {
  const submilliseconds = /\.\d{3}(\d{1,6})/.exec(createdAt)?.[1] ?? ''
  return `${padMilliseconds(createdAt)}.${submilliseconds.padEnd(6, '0')} ${id}`
}

/** The later of two places. */
export function laterSortKey(a: string, b: string): string {
  return a > b ? a : b
}

function isNewer(known: GenerationWindow, generation: Generation): boolean {
  const row = known.byKey.get(generation.clientId)
  const shown = row && row.delivery === null ? row.generation.version : 0
  return generation.version > Math.max(shown, known.deletedVersions.get(generation.clientId) ?? 0)
}

/** The newest version of each. */
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
