import type { Queryable } from '@darkroom/infra/database/connection'
import type { ListedObject, Store } from '@darkroom/infra/store/store'
import { findUnnamed, type Instant } from './garbage-rows.ts'
import { type ObjectKey, parseObjectKey } from './object-key.ts'

export interface GarbagePage {
  /** Objects that no row names and that are older than `before`. */
  garbage: ListedObject[]
  /** Objects that were looked at. */
  listed: number
  /** Keys that Darkroom does not make. Their objects are never removed. */
  foreignKeys: string[]
  /** Whether far more objects are without a row than kills leave behind: the rows may be those of another studio, or old ones. */
  isSuspicious: boolean
  /** Key of the last object, behind which the next page begins; that of the page before if this one is empty. */
  last: string | null
  isLast: boolean
}

const PAGE_SIZE = 1_000
/** Fewer objects without a row than this are not suspicious, whatever their share is. */
const MIN_SUSPICIOUS = 50

/** Looks through one page of the store. @param after key behind which it begins */
export async function findGarbage(
  { database, store }: { database: Queryable; store: Pick<Store, 'list'> },
  { after, before }: { after: string | null; before: Instant },
): Promise<GarbagePage> {
  const objects = await listPage(store, after)
  const parsed = objects.map(object => ({ object, parsed: parseObjectKey(object.key) }))
  const old = parsed.flatMap(({ object, parsed }) => (parsed && object.lastModified < before ? [parsed] : []))
  const unnamed = await findUnnamed(database, old)
  return {
    garbage: objects.filter(({ key }) => unnamed.has(key)),
    listed: objects.length,
    foreignKeys: parsed.flatMap(({ object, parsed }) => (parsed ? [] : [object.key])),
    isSuspicious: unnamed.size >= MIN_SUSPICIOUS && unnamed.size * 2 > old.length,
    last: objects.at(-1)?.key ?? after,
    isLast: objects.length < PAGE_SIZE,
  }
}

/** Returns whether rows name at least half of the objects with keys of Darkroom; true if there are none. */
export async function namesMost(database: Queryable, keys: readonly string[]): Promise<boolean> {
  const parsed = keys.map(parseObjectKey).filter((key): key is ObjectKey => key !== null)
  return (await findUnnamed(database, parsed)).size * 2 <= parsed.length
}

async function listPage(store: Pick<Store, 'list'>, after: string | null): Promise<ListedObject[]> {
  const objects: ListedObject[] = []
  for await (const object of store.list('w/', after === null ? {} : { after })) {
    objects.push(object)
    if (objects.length === PAGE_SIZE) break
  }
  return objects
}
