import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { lockRemovals } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Store } from '@darkroom/infra/store/store'
import type { ProcessorMetrics } from '../metrics.ts'
import { deleteRemoval, isReferenced, lockDueRemoval, postponeRemoval } from './removal-rows.ts'

export interface RemovalDeps {
  database: Database
  store: Pick<Store, 'list' | 'remove'>
  log: Log
  metrics: Pick<ProcessorMetrics, 'removed'>
  /** Whether objects of the store may be removed at all; yes unless given. */
  mayRemove?: () => Promise<boolean>
}

/** Shorter than the time limit of a transaction: nothing is removed after its row is unlocked. */
const REMOVE_TIMEOUT_MS = 10_000
/** Delay after a failed removal. */
const RETRY_SECONDS = 300

/**
 * Removes one object that is due, or all objects in one folder, unless a row refers to it by now. The row in
 * `object_removals` is locked meanwhile. A process that stores the same object again deletes that row first, so that one of
 * the two waits for the other. After a crash either the row is still there or the object is gone.
 *
 * @returns whether a removal was due; false while removals are paused, as they are for a backup, or may not be made
 */
export async function removeNextObjects(deps: RemovalDeps): Promise<boolean> {
  return await transaction(deps.database, async tx => {
    const key = await lockDueRemoval(tx)
    // Not asked while nothing is due: a backup that begins waits for the answer.
    if (key === undefined || !(await lockRemovals(tx)) || (await deps.mayRemove?.()) === false) return false
    if (!(await isReferenced(tx, key))) await removeObjects(deps, tx, key)
    else await deleteRemoval(tx, key)
    return true
  })
}

/** Removes objects. A removal that fails is postponed and does not block the others. */
async function removeObjects({ store, log, metrics }: RemovalDeps, tx: Transaction, key: string): Promise<void> {
  try {
    await failpoint('before-remove')
    const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS)
    for await (const object of key.endsWith('/') ? store.list(key) : [{ key }]) {
      await store.remove(object.key, { signal })
      metrics.removed.inc()
    }
  } catch (err) {
    log.warn({ err, key }, 'object_removal_failed')
    return await postponeRemoval(tx, key, RETRY_SECONDS)
  }
  await deleteRemoval(tx, key)
}
