import type { Generation, Submission } from '@darkroom/contracts/generation'
import type { UseStore } from 'idb-keyval'
import type { StoredReference } from '../composer/pending-reference.ts'
import { createLoadOnce } from '../ui/load-once.ts'

/** A submission that the studio has not answered, with everything needed to send it from a page that is opened later. */
export interface OutboxEntry {
  generation: Generation
  /** The submission without its references. */
  submission: Submission
  references: readonly StoredReference[]
  /** The reason of a refusal; null if the studio has not answered. */
  problem: string | null
}

/** A submission with its outbox entry, and the request body, which is ready once its references are uploaded. */
export interface QueuedSubmission {
  /** Stored until the studio has answered. */
  entry: OutboxEntry
  submission: () => Promise<Submission>
  /** Called once the studio has answered or the submission was discarded: its local images are no longer shown. */
  onDone: () => void
}

/** The submissions of this browser that the studio has not answered. They outlive their page, and all tabs share them. */
export interface OutboxStore {
  put(entry: OutboxEntry): Promise<void>
  remove(clientId: string): Promise<void>
  /** Returns whether a submission is still to be sent: another tab may have discarded it or received the answer. */
  isPending(clientId: string): Promise<boolean>
  /** Returns the stored submissions, the earliest first. */
  list(): Promise<OutboxEntry[]>
}

const TIMEOUT_MS = 2_000

/** Creates the outbox in IndexedDB. Where the browser refuses or does not answer, a submission lasts as long as its page. */
export function createOutboxStore(): OutboxStore {
  const storedIds = new Set<string>()
  const withTimeout = createTimedStore()
  return {
    put: entry =>
      withTimeout(undefined, async ({ set }, store) => {
        await set(entry.generation.clientId, entry, store)
        storedIds.add(entry.generation.clientId)
      }),
    remove: clientId => withTimeout(undefined, ({ del }, store) => del(clientId, store)),
    isPending: clientId =>
      withTimeout(
        true,
        async ({ get }, store) => !storedIds.has(clientId) || (await get(clientId, store)) !== undefined,
      ),
    list: () =>
      withTimeout([], async ({ values }, store) => {
        const entries = await values<OutboxEntry>(store)
        for (const { generation } of entries) storedIds.add(generation.clientId)
        return entries.toSorted((a, b) => (a.generation.createdAt < b.generation.createdAt ? -1 : 1))
      }),
  }
}

type Database = typeof import('idb-keyval')

/** Loads and opens the database at first use: when the outbox is read, after the first page. An operation that fails or takes longer than 2 s resolves to its fallback. */
function createTimedStore() {
  const database = createLoadOnce(() => import('idb-keyval'))
  let store: UseStore | undefined

  async function run<T>(work: (database: Database, store: UseStore) => Promise<T>): Promise<T> {
    const loaded = await database.request()
    store ??= loaded.createStore('darkroom', 'unsent')
    return await work(loaded, store)
  }

  return async function withTimeout<T>(
    fallback: T,
    work: (database: Database, store: UseStore) => Promise<T>,
  ): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const timeout = new Promise<T>(resolve => {
      timer = setTimeout(resolve, TIMEOUT_MS, fallback)
    })
    try {
      return await Promise.race([run(work), timeout])
    } catch {
      return fallback
    } finally {
      clearTimeout(timer)
    }
  }
}
