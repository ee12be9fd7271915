import type { TrashEmptied } from '@darkroom/contracts/history/library'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { purgeLocked } from '@darkroom/infra/generations/purge'
import type { Identity } from '@darkroom/infra/http/identity'
import { assertActive } from '../submit/assert-active.ts'
import { cancelLockedGeneration } from './cancel.ts'
import { lockTrashed, putIntoTrash, readNow, takeOutOfTrash } from './trash-rows.ts'
import { updateGeneration, withGeneration } from './with-generation.ts'

/** Moves a generation to the trash, after cancelling it if it has not ended. @throws ProblemError `not_found` */
export async function trashGeneration(deps: { database: Database }, identity: Identity, id: string): Promise<void> {
  await withGeneration(deps, identity, id, async (tx, generation) => {
    if (generation.isTrashed) return
    if (!isTerminal(generation.status)) await cancelLockedGeneration(tx, generation)
    await putIntoTrash(tx, generation)
    await bumpVersion(tx, generation)
  })
}

/** Restores a generation from the trash. @returns its JSON text @throws ProblemError `not_found` */
export async function restoreGeneration(deps: { database: Database }, identity: Identity, id: string): Promise<string> {
  return await updateGeneration(deps, identity, id, async (tx, generation) => {
    if (!generation.isTrashed) return
    await takeOutOfTrash(tx, generation)
    await bumpVersion(tx, generation)
  })
}

/** Generations that are purged in one transaction: one that restores or deletes another waits for it. */
const BATCH_SIZE = 50
/** A response must not be longer in coming: whoever passes it on closes a silent connection. */
const MAX_EMPTYING_MS = 20_000

/**
 * Purges what is in the trash of a workspace. Of a trash that takes longer than `milliseconds` something is left: its user empties it
 * again.
 *
 * @throws ProblemError `conflict` in a restored copy, whose original has the same objects
 */
export async function emptyTrash(
  { database }: { database: Database },
  { workspaceId }: Identity,
  milliseconds = MAX_EMPTYING_MS,
): Promise<TrashEmptied> {
  await assertActive(database)
  const [until, deadline] = [await readNow(database), performance.now() + milliseconds]
  let purged = 0
  for (;;) {
    const count = await transaction(database, async tx => {
      const trash = await lockTrashed(tx, { workspaceId, until, limit: BATCH_SIZE })
      await purgeLocked(tx, trash)
      return trash.length
    })
    purged += count
    // A batch that had to wait for a restore may be smaller than what is left.
    if (count === 0 || performance.now() > deadline) return { purged }
  }
}
