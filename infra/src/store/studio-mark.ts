import type { Store } from './store.ts'

/** The object with the id of the studio that a store belongs to. */
const MARK = 'studio-id'
/** Objects that one look takes as a sample of a store without a mark. */
const SAMPLE = 1_000
const PUT_TIMEOUT_MS = 30_000

/**
 * Whether objects of a store may be taken for this studio's alone: `own`; `foreign` where the mark is another studio's, or there is none
 * and most objects are named by no row; `shared` where another studio has stored objects since.
 */
export type StoreState = 'own' | 'foreign' | 'shared'

export interface MarkOptions {
  studioId: string
  /** Returns whether rows of the studio name most of the objects with these keys. */
  namesMost: (keys: readonly string[]) => Promise<boolean>
}

/** Returns the state of a store, and the key of the mark that is missing. Writes nothing. */
export async function inspectStore(
  store: Pick<Store, 'get' | 'list'>,
  { studioId, namesMost }: MarkOptions,
): Promise<{ state: StoreState; missing: string | null }> {
  const { studio, guests } = await readMarks(store)
  const isOwn = studio === null ? await hasOwnObjects(store, namesMost) : studio === studioId
  if (!isOwn) return { state: 'foreign', missing: guests.includes(studioId) ? null : `${MARK}.${studioId}` }
  const isShared = guests.some(id => id !== studioId)
  return { state: isShared ? 'shared' : 'own', missing: studio === null ? MARK : null }
}

/** Returns whether a store has the mark of another studio: objects that no row of this one names may be named by the other's. */
export async function isSharedStore(store: Pick<Store, 'get' | 'list'>, studioId: string): Promise<boolean> {
  const { studio, guests } = await readMarks(store)
  return [studio ?? studioId, ...guests].some(id => id !== studioId)
}

/** Reads the ids of the studio that a store belongs to, and of the others that have stored objects in it. */
async function readMarks(store: Pick<Store, 'get' | 'list'>): Promise<{ studio: string | null; guests: string[] }> {
  const keys = await Array.fromAsync(store.list(MARK), ({ key }) => key)
  const guests = keys.filter(key => key.startsWith(`${MARK}.`)).map(key => key.slice(MARK.length + 1))
  return { studio: keys.includes(MARK) ? await readText(store, MARK) : null, guests }
}

/**
 * Returns the state of a store, and leaves the studio's mark in it: `studio-id` in an empty store, or in one with its own objects; in the
 * store of another studio `studio-id.<id>`, so that the other one removes nothing there any more either.
 */
export async function markStore(store: Pick<Store, 'get' | 'list' | 'put'>, options: MarkOptions): Promise<StoreState> {
  const { state, missing } = await inspectStore(store, options)
  if (missing === null) return state
  const signal = AbortSignal.timeout(PUT_TIMEOUT_MS)
  await store.put(missing, new TextEncoder().encode(options.studioId), { signal })
  // Read again: of two studios that opened an empty store at the same moment one has lost.
  return (await inspectStore(store, options)).state
}

async function hasOwnObjects(store: Pick<Store, 'list'>, namesMost: MarkOptions['namesMost']): Promise<boolean> {
  const keys: string[] = []
  for await (const { key } of store.list('w/')) if (keys.push(key) === SAMPLE) break
  return await namesMost(keys)
}

async function readText(store: Pick<Store, 'get'>, key: string): Promise<string | null> {
  const found = await store.get(key)
  return found && (await new Response(found.body).text()).trim()
}
