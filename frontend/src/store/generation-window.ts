import type { Generation } from '@darkroom/contracts/generation'

/** What became of a generation that this page has sent, until the studio has answered for it. */
export type Delivery = { state: 'sending' } | { state: 'waiting' } | { state: 'refused'; problem: string }

/** One generation of the feed. Its key is the `clientId`: the same before and after the studio has answered. */
export interface Row {
  readonly key: string
  readonly order: string
  readonly generation: Generation
  readonly delivery: Delivery | null
}

/** What lies beyond one end of the window: nothing, what its cursor leads to, or what has been cut off or not been read yet. */
export type Edge = 'end' | 'cut' | { cursor: string }

/**
 * The generations that this page holds: a window on all there are, without gaps, oldest first. What was sent from here and has
 * no answer yet stands at the end, where the window reaches it.
 */
export interface Generations {
  readonly rows: readonly Row[]
  readonly byKey: ReadonlyMap<string, Row>
  /** What this page has sent and the studio has not answered for. */
  readonly sent: readonly Row[]
  readonly older: Edge
  readonly newer: Edge
  /** The place of the newest generation that this page has ever heard of. */
  readonly newest: string
  /** Those that were heard of as newer than that while the window ends before them. */
  readonly beyond: ReadonlySet<string>
  /** The versions in which generations were deleted, so that a late event does not bring one back. */
  readonly gone: ReadonlyMap<string, number>
}

export const NO_GENERATIONS: Generations = {
  rows: [],
  byKey: new Map(),
  sent: [],
  older: 'cut',
  newer: 'end',
  newest: '',
  beyond: new Set(),
  gone: new Map(),
}

/** Puts the studio's rows in order, and after them what was sent, if the window reaches that far. */
export function arrange(known: Generations, own: readonly Row[]): Generations {
  const ordered = isOrdered(own) ? own : own.toSorted((a, b) => (a.order < b.order ? -1 : 1))
  const rows = known.newer === 'end' ? [...ordered, ...known.sent] : ordered
  return { ...known, rows, byKey: new Map([...known.sent, ...ordered].map(row => [row.key, row])) }
}

/** Sorts after every instant. */
export const SENT = '~'

/** The window's rows that the studio has told of. */
export function ownRows(known: Generations): readonly Row[] {
  return known.rows.filter(row => row.delivery === null)
}

/** Puts what the studio told in the place of what was known of it, where it is news. */
export function take(known: Generations, told: readonly Generation[]): Generations {
  const news = newestOfEach(told).filter(generation => isNews(known, generation))
  if (news.length === 0) return known
  const rows = new Map(ownRows(known).map(row => [row.key, row]))
  const gone = new Map(known.gone)
  for (const generation of news) {
    rows.delete(generation.clientId)
    if (generation.deletedAt === null) rows.set(generation.clientId, rowOf(generation))
    if (generation.deletedAt !== null) gone.set(generation.clientId, generation.version)
  }
  return { ...arrange(withoutSent(known, news), [...rows.values()]), gone }
}

/** Nothing of these is on its way any more: the studio has answered for them. */
export function withoutSent(known: Generations, told: readonly Generation[]): Generations {
  const answered = new Set(told.map(({ clientId }) => clientId))
  if (!known.sent.some(row => answered.has(row.key))) return known
  return { ...known, sent: known.sent.filter(row => !answered.has(row.key)) }
}

/** A text that sorts as `createdAt, id` do. Instants are compared to the microsecond, however they are written. */
export function orderOf({ createdAt, id }: Generation): string {
  const beyond = /\.\d{3}(\d{1,6})/.exec(createdAt)?.[1] ?? ''
  return `${milliseconds(createdAt)}.${beyond.padEnd(6, '0')} ${id}`
}

/** The later of two places. */
export function later(a: string, b: string): string {
  return a > b ? a : b
}

function isNews(known: Generations, generation: Generation): boolean {
  const row = known.byKey.get(generation.clientId)
  const shown = row && row.delivery === null ? row.generation.version : 0
  return generation.version > Math.max(shown, known.gone.get(generation.clientId) ?? 0)
}

/** The newest version of each. */
export function newestOfEach(told: readonly Generation[]): Generation[] {
  const newest = new Map<string, Generation>()
  for (const generation of told) {
    if (generation.version > (newest.get(generation.clientId)?.version ?? 0))
      newest.set(generation.clientId, generation)
  }
  return [...newest.values()]
}

function isOrdered(rows: readonly Row[]): boolean {
  return rows.every((row, index) => index === 0 || (rows[index - 1]?.order ?? '') <= row.order)
}

function rowOf(generation: Generation): Row {
  return { key: generation.clientId, order: orderOf(generation), generation, delivery: null }
}

export function milliseconds(instant: string): string {
  return String(Date.parse(instant) || 0).padStart(15, '0')
}
