import type { Generation, Submission } from '@darkroom/contracts/generation'
import { createStore, del, get, set, type UseStore, values } from 'idb-keyval'
import type { StoredReference } from '../composer/pending-reference.ts'

/** An order that the studio has not answered for, with all that it takes to send it from a page that is opened later. */
export interface OutboxEntry {
  generation: Generation
  /** Its references apart. */
  submission: Submission
  references: readonly StoredReference[]
  /** Why the studio did not take it; null if it was not asked, or has not answered. */
  problem: string | null
}

/** The orders of this browser that the studio has not answered for. They outlive their page, and every tab has the same. */
export interface OutboxStore {
  put(entry: OutboxEntry): Promise<void>
  remove(clientId: string): Promise<void>
  /** Whether an order is still to be sent: in another tab it may have been taken back, or answered for. */
  isPending(clientId: string): Promise<boolean>
  /** Those that are kept, the one first that was asked for first. */
  list(): Promise<OutboxEntry[]>
}

const TIMEOUT_MS = 2_000

/** Where a browser lets pages keep nothing, an order lasts as long as its page. */
export function createOutboxStore(): OutboxStore {
  const storedIds = new Set<string>()
  let store: UseStore | undefined

  async function withTimeout<T>(fallback: T, work: (store: UseStore) => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const timeout = new Promise<T>(resolve => {
      timer = setTimeout(resolve, TIMEOUT_MS, fallback)
    })
    try {
      store ??= createStore('darkroom', 'unsent')
      return await Promise.race([work(store), timeout])
    } catch {
      return fallback
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    put: entry =>
      withTimeout(undefined, async store => {
        await set(entry.generation.clientId, entry, store)
        storedIds.add(entry.generation.clientId)
      }),
    remove: clientId => withTimeout(undefined, store => del(clientId, store)),
    isPending: clientId =>
      withTimeout(true, async store => !storedIds.has(clientId) || (await get(clientId, store)) !== undefined),
    list: () =>
      withTimeout([], async store => {
        const entries = await values<OutboxEntry>(store)
        for (const { generation } of entries) storedIds.add(generation.clientId)
        return entries.toSorted((a, b) => (a.generation.createdAt < b.generation.createdAt ? -1 : 1))
      }),
  }
}
