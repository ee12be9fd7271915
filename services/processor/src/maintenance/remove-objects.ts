import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Store } from '@darkroom/infra/store/store'
import type { Measures } from '../metrics.ts'
import { forgetRemoval, isReferredTo, lockRemoval, putOffRemoval } from './removal-rows.ts'

export interface RemovalDeps {
  database: Database
  store: Store
  log: Log
  measures: Measures
}

/** Shorter than a transaction may take, so that nothing is removed after its row was let go of. */
const REMOVE_MS = 10_000
const AGAIN_SECONDS = 300

/**
 * Removes one object that is due for it, or all in one folder, unless something refers to it by now. The row that says so is
 * held meanwhile: whoever stores such an object anew takes the row away first, and so waits for this, or is waited for. After
 * a crash the row is still there, or the object is gone.
 *
 * @returns whether there was one
 */
export async function removeNext(deps: RemovalDeps): Promise<boolean> {
  return await transaction(deps.database, async tx => {
    const key = await lockRemoval(tx)
    if (key === undefined) return false
    if (!(await isReferredTo(tx, key))) await remove(deps, tx, key)
    else await forgetRemoval(tx, key)
    return true
  })
}

/** One that cannot be removed now keeps nobody else waiting. */
async function remove({ store, log, measures }: RemovalDeps, tx: Transaction, key: string): Promise<void> {
  try {
    await failpoint('before-remove')
    const signal = AbortSignal.timeout(REMOVE_MS)
    for await (const object of key.endsWith('/') ? store.list(key) : [key]) {
      await store.remove(object, { signal })
      measures.removed.inc()
    }
  } catch (err) {
    log.warn({ err }, 'object not removed')
    return await putOffRemoval(tx, key, AGAIN_SECONDS)
  }
  await forgetRemoval(tx, key)
}
