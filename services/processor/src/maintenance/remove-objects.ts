import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Store } from '@darkroom/infra/store/store'
import type { ProcessorMetrics } from '../metrics.ts'
import { deleteRemoval, isReferenced, lockDueRemoval, postponeRemoval } from './removal-rows.ts'

export interface RemovalDeps {
  database: Database
  store: Store
  log: Log
  metrics: ProcessorMetrics
}

/** Shorter than a transaction may take, so that nothing is removed after its row was let go of. */
const REMOVE_TIMEOUT_MS = 10_000
const RETRY_SECONDS = 300

/**
 * Removes one object that is due for it, or all in one folder, unless something refers to it by now. The row that says so is
 * held meanwhile: whoever stores such an object anew takes the row away first, and so waits for this, or is waited for. After
 * a crash the row is still there, or the object is gone.
 *
 * @returns whether there was one
 */
export async function removeNextObjects(deps: RemovalDeps): Promise<boolean> {
  return await transaction(deps.database, async tx => {
    const key = await lockDueRemoval(tx)
    if (key === undefined) return false
    if (!(await isReferenced(tx, key))) await removeObjects(deps, tx, key)
    else await deleteRemoval(tx, key)
    return true
  })
}

/** One that cannot be removed now keeps nobody else waiting. */
async function removeObjects({ store, log, metrics }: RemovalDeps, tx: Transaction, key: string): Promise<void> {
  try {
    await failpoint('before-remove')
    const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS)
    for await (const object of key.endsWith('/') ? store.list(key) : [key]) {
      await store.remove(object, { signal })
      metrics.removed.inc()
    }
  } catch (err) {
    log.warn({ err }, 'object not removed')
    return await postponeRemoval(tx, key, RETRY_SECONDS)
  }
  await deleteRemoval(tx, key)
}
