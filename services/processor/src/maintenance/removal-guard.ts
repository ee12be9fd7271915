import type { Database } from '@darkroom/infra/database/connection'
import { readStudioState } from '@darkroom/infra/database/studio-state'
import type { Log } from '@darkroom/infra/log'
import type { Store } from '@darkroom/infra/store/store'
import { isSharedStore } from '@darkroom/infra/store/studio-mark'

export interface GuardDeps {
  database: Database
  store: Pick<Store, 'get' | 'list'>
  log: Log
  /** A clock in ms that never goes back. */
  now?: () => number
}

/** Time for which a look at the marks is good, in ms. Another studio's first objects are not those that are removed so soon. */
const VALID_MS = 600_000

/**
 * Creates the check whether objects of a store may be removed: not where another studio has its mark. Both have the same workspaces, so
 * that a reference image which no row names here may be one of the other's.
 */
export function createRemovalGuard({
  database,
  store,
  log,
  now = () => performance.now(),
}: GuardDeps): () => Promise<boolean> {
  let checkedAt = Number.NEGATIVE_INFINITY
  let mayRemove = false
  return async () => {
    if (now() - checkedAt < VALID_MS) return mayRemove
    const { id } = await readStudioState(database)
    mayRemove = !(await isSharedStore(store, id))
    checkedAt = now()
    if (!mayRemove) log.warn({ studio: id }, 'object_removals_refused')
    return mayRemove
  }
}
