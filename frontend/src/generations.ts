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

/** Every generation that this page knows: a run without gaps that ends at the newest, oldest first. */
export interface Generations {
  readonly rows: readonly Row[]
  readonly byKey: ReadonlyMap<string, Row>
  /** The versions in which generations were deleted, so that a late event does not bring one back. */
  readonly gone: ReadonlyMap<string, number>
  /** Where the next older page begins; null when there is none, undefined before the first page came. */
  readonly older: string | null | undefined
}

export const NO_GENERATIONS: Generations = { rows: [], byKey: new Map(), gone: new Map(), older: undefined }

/**
 * Takes in generations as the studio tells them, in any order and any number of times. A version never overwrites a newer
 * one, a deleted generation never comes back, and a sent one becomes the studio's under the same key. What is older than
 * everything known belongs to a page that has not been read yet, and is left to it.
 */
export function merge(known: Generations, told: readonly Generation[]): Generations {
  const first = known.rows.find(row => row.delivery === null)?.order
  const within = (generation: Generation) =>
    known.older === null || first === undefined || known.byKey.has(generation.clientId) || orderOf(generation) > first
  return take(known, told.filter(within))
}

/**
 * Takes in a page, which may reach further back than everything known.
 *
 * @param older the cursor of the page after it; null if it reaches the beginning
 */
export function addPage(known: Generations, page: readonly Generation[], older: string | null): Generations {
  return { ...take(known, page), older }
}

/**
 * Takes in the newest generations, read again from the newest without a gap. What this page knew within their reach and is
 * not among them has been deleted meanwhile; what it knew before their reach stays only if nothing lies between.
 *
 * @param older the cursor of the page after them; null if they reach the beginning
 */
export function refresh(known: Generations, newest: readonly Generation[], older: string | null): Generations {
  const present = new Set(newest.map(generation => generation.clientId))
  const reach = older === null || !joins(known, newest) ? '' : oldest(newest)
  const kept = known.rows.filter(row => row.delivery !== null || row.order < reach || present.has(row.key))
  const reachesFurther = kept.some(row => row.delivery === null && row.order < reach)
  return { ...take(arrange(known, kept), newest), older: reachesFurther ? known.older : older }
}

/** Whether newly read generations meet what is known, so that nothing can lie between the two. */
export function joins(known: Generations, read: readonly Generation[]): boolean {
  return read.some(generation => known.byKey.get(generation.clientId)?.delivery === null)
}

/** Shows a generation that is on its way to the studio. */
export function addSent(known: Generations, generation: Generation): Generations {
  if (known.byKey.has(generation.clientId)) return known
  const row = { key: generation.clientId, order: sentOrder(generation), generation, delivery: SENDING }
  return arrange(known, [...known.rows, row])
}

/** Notes what became of a generation that was sent; nothing if the studio has answered for it already. */
export function deliver(known: Generations, key: string, delivery: Delivery): Generations {
  const row = known.byKey.get(key)
  if (!row?.delivery) return known
  return arrange(
    known,
    known.rows.map(other => (other === row ? { ...row, delivery } : other)),
  )
}

/** Takes a generation back that never reached the studio. */
export function withdraw(known: Generations, key: string): Generations {
  if (!known.byKey.get(key)?.delivery) return known
  return arrange(
    known,
    known.rows.filter(row => row.key !== key),
  )
}

/** Shows a generation other than the studio has told, until it tells anew. */
export function foresee(known: Generations, key: string, change: (generation: Generation) => Generation): Generations {
  return arrange(
    known,
    known.rows.map(row => (row.key === key ? { ...row, generation: change(row.generation) } : row)),
  )
}

/** Hides a generation that is being deleted, whatever is told of it meanwhile. */
export function hide(known: Generations, key: string): Generations {
  const rows = known.rows.filter(row => row.key !== key)
  return { ...arrange(known, rows), gone: new Map(known.gone).set(key, Number.POSITIVE_INFINITY) }
}

/**
 * Ends the hiding of a generation.
 *
 * @param row its row, to be shown again; or the version in which it was deleted, to be told of if it comes back
 */
export function unhide(known: Generations, key: string, row: Row | number): Generations {
  const gone = new Map(known.gone)
  gone.delete(key)
  if (typeof row === 'number') return { ...known, gone: gone.set(key, row) }
  return { ...arrange(known, [...known.rows.filter(other => other.key !== key), row]), gone }
}

const SENDING: Delivery = { state: 'sending' }

function take(known: Generations, told: readonly Generation[]): Generations {
  const news = newestOfEach(told).filter(generation => isNews(known, generation))
  if (news.length === 0) return known
  const rows = new Map(known.rows.map(row => [row.key, row]))
  const gone = new Map(known.gone)
  for (const generation of news) {
    rows.delete(generation.clientId)
    if (generation.deletedAt === null) rows.set(generation.clientId, rowOf(generation))
    if (generation.deletedAt !== null) gone.set(generation.clientId, generation.version)
  }
  return { ...arrange(known, [...rows.values()]), gone }
}

function isNews(known: Generations, generation: Generation): boolean {
  const row = known.byKey.get(generation.clientId)
  const shown = row && row.delivery === null ? row.generation.version : 0
  return generation.version > Math.max(shown, known.gone.get(generation.clientId) ?? 0)
}

function newestOfEach(told: readonly Generation[]): Generation[] {
  const newest = new Map<string, Generation>()
  for (const generation of told) {
    if (generation.version > (newest.get(generation.clientId)?.version ?? 0))
      newest.set(generation.clientId, generation)
  }
  return [...newest.values()]
}

function arrange(known: Generations, rows: readonly Row[]): Generations {
  const ordered = isOrdered(rows) ? rows : rows.toSorted((a, b) => (a.order < b.order ? -1 : 1))
  return { ...known, rows: ordered, byKey: new Map(ordered.map(row => [row.key, row])) }
}

function oldest(generations: readonly Generation[]): string {
  return generations.map(orderOf).toSorted()[0] ?? ''
}

function isOrdered(rows: readonly Row[]): boolean {
  return rows.every((row, index) => index === 0 || (rows[index - 1]?.order ?? '') <= row.order)
}

function rowOf(generation: Generation): Row {
  return { key: generation.clientId, order: orderOf(generation), generation, delivery: null }
}

/** A text that sorts as `createdAt, id` do. Instants are compared to the microsecond, however they are written. */
function orderOf({ createdAt, id }: Generation): string {
  const beyond = /\.\d{3}(\d{1,6})/.exec(createdAt)?.[1] ?? ''
  return `${milliseconds(createdAt)}.${beyond.padEnd(6, '0')} ${id}`
}

/** What is on its way is the newest of all: the studio's clock decides once it has arrived, and this one may be wrong. */
function sentOrder({ createdAt, clientId }: Generation): string {
  return `~${milliseconds(createdAt)} ${clientId}`
}

function milliseconds(instant: string): string {
  return String(Date.parse(instant) || 0).padStart(15, '0')
}
