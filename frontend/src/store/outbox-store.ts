import type { Generation, Submission } from '@darkroom/contracts/generation'
import { createStore, del, get, set, type UseStore, values } from 'idb-keyval'
import type { KeptReference } from '../composer/pending-reference.ts'

/** An order that the studio has not answered for, with all that it takes to send it from a page that is opened later. */
export interface Unsent {
  generation: Generation
  /** Its references apart. */
  submission: Submission
  references: readonly KeptReference[]
  /** Why the studio did not take it; null if it was not asked, or has not answered. */
  problem: string | null
}

/** The orders of this browser that the studio has not answered for. They outlive their page, and every tab has the same. */
export interface UnsentOrders {
  keep(order: Unsent): Promise<void>
  forget(clientId: string): Promise<void>
  /** Whether an order is still to be sent: in another tab it may have been taken back, or answered for. */
  isWanted(clientId: string): Promise<boolean>
  /** Those that are kept, the one first that was asked for first. */
  all(): Promise<Unsent[]>
}

const DEADLINE_MS = 2_000

/** Where a browser lets pages keep nothing, an order lasts as long as its page. */
export function keepUnsent(): UnsentOrders {
  const kept = new Set<string>()
  let store: UseStore | undefined

  async function within<T>(otherwise: T, work: (store: UseStore) => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<T>(resolve => {
      timer = setTimeout(resolve, DEADLINE_MS, otherwise)
    })
    try {
      store ??= createStore('darkroom', 'unsent')
      return await Promise.race([work(store), late])
    } catch {
      return otherwise
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    keep: order =>
      within(undefined, async store => {
        await set(order.generation.clientId, order, store)
        kept.add(order.generation.clientId)
      }),
    forget: clientId => within(undefined, store => del(clientId, store)),
    isWanted: clientId =>
      within(true, async store => !kept.has(clientId) || (await get(clientId, store)) !== undefined),
    all: () =>
      within([], async store => {
        const orders = await values<Unsent>(store)
        for (const { generation } of orders) kept.add(generation.clientId)
        return orders.toSorted((a, b) => (a.generation.createdAt < b.generation.createdAt ? -1 : 1))
      }),
  }
}
