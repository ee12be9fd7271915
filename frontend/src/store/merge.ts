import type { Generation } from '@darkroom/contracts/generation'
import {
  arrange,
  type Delivery,
  type Generations,
  later,
  milliseconds,
  newestOfEach,
  orderOf,
  ownRows,
  type Row,
  SENT,
  take,
  withoutSent,
} from './generation-window.ts'

/**
 * Takes in generations as the studio tells them, in any order and any number of times. A version never overwrites a newer
 * one, a deleted generation never comes back, and a sent one becomes the studio's under the same key. What lies outside of the
 * window is left to the page that it is on; of what is newer than everything, it is noted that it is there.
 */
export function merge(known: Generations, told: readonly Generation[]): Generations {
  const latest = newestOfEach(told)
  const within = latest.filter(generation => generation.deletedAt !== null || isWithin(known, generation))
  return note(take(known, within), latest)
}

/** Notes the newest generation there is, where the window does not reach it. */
export function noteNewest(known: Generations, generation: Generation | undefined): Generations {
  return generation ? { ...known, newest: later(known.newest, orderOf(generation)) } : known
}

/** Shows a generation that is on its way to the studio. */
export function addSent(known: Generations, generation: Generation): Generations {
  if (known.byKey.has(generation.clientId)) return known
  const row = { key: generation.clientId, order: sentOrder(generation), generation, delivery: SENDING }
  return arrange({ ...known, sent: [...known.sent, row] }, ownRows(known))
}

/** Notes what became of a generation that was sent; nothing if the studio has answered for it already. */
export function deliver(known: Generations, key: string, delivery: Delivery): Generations {
  const row = known.byKey.get(key)
  if (!row?.delivery) return known
  const sent = known.sent.map(other => (other === row ? { ...row, delivery } : other))
  return arrange({ ...known, sent }, ownRows(known))
}

/** Takes a generation back that never reached the studio. */
export function withdraw(known: Generations, key: string): Generations {
  if (!known.byKey.get(key)?.delivery) return known
  return arrange({ ...known, sent: known.sent.filter(row => row.key !== key) }, ownRows(known))
}

/** Shows a generation other than the studio has told, until it tells anew. */
export function foresee(known: Generations, key: string, change: (generation: Generation) => Generation): Generations {
  const changed = (row: Row) => (row.key === key ? { ...row, generation: change(row.generation) } : row)
  return arrange(known, ownRows(known).map(changed))
}

/** Hides a generation that is being deleted, whatever is told of it meanwhile. */
export function hide(known: Generations, key: string): Generations {
  const rows = ownRows(known).filter(row => row.key !== key)
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
  if (!isWithin(known, row.generation)) return { ...known, gone }
  return { ...arrange(known, [...ownRows(known).filter(other => other.key !== key), row]), gone }
}

const SENDING: Delivery = { state: 'sending' }

/** Notes the newest of what was told, and what of it is newer than everything and outside of the window. */
function note(known: Generations, told: readonly Generation[]): Generations {
  const isNewer = (generation: Generation) => orderOf(generation) > known.newest && generation.deletedAt === null
  const newer = told.filter(isNewer)
  const outside = newer.filter(({ clientId }) => known.byKey.get(clientId)?.delivery !== null)
  const deleted = told.filter(({ clientId, deletedAt }) => deletedAt !== null && known.beyond.has(clientId))
  if (newer.length + deleted.length === 0) return known
  const newest = newer.map(orderOf).reduce(later, known.newest)
  const beyond = new Set([...known.beyond, ...outside.map(({ clientId }) => clientId)])
  for (const { clientId } of deleted) beyond.delete(clientId)
  return { ...arrange(withoutSent(known, outside), ownRows(known)), newest, beyond }
}

function isWithin(known: Generations, generation: Generation): boolean {
  if (known.byKey.get(generation.clientId)?.delivery === null) return true
  const rows = ownRows(known)
  const order = orderOf(generation)
  const isAfterFirst = known.older === 'end' || order > (rows.at(0)?.order ?? '')
  return isAfterFirst && (known.newer === 'end' || order < (rows.at(-1)?.order ?? ''))
}

/** What is on its way is the newest of all: the studio's clock decides once it has arrived, and this one may be wrong. */
function sentOrder({ createdAt, clientId }: Generation): string {
  return `${SENT}${milliseconds(createdAt)} ${clientId}`
}
