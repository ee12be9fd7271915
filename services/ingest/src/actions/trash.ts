import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Database } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { cancelLockedGeneration } from './cancel.ts'
import { putIntoTrash, takeOutOfTrash } from './trash-rows.ts'
import { updateGeneration, withGeneration } from './with-generation.ts'

/** Moves a generation to the trash, after cancelling it if it has not ended. @throws ProblemError `not_found` */
export async function trashGeneration(deps: { database: Database }, identity: Identity, id: string): Promise<void> {
  await withGeneration(deps, identity, id, async (tx, generation) => {
    if (generation.isTrashed) return
    if (!isTerminal(generation.status)) await cancelLockedGeneration(tx, generation)
    await putIntoTrash(tx, id)
    await bumpVersion(tx, id)
  })
}

/** Restores a generation from the trash. @returns its JSON text @throws ProblemError `not_found` */
export async function restoreGeneration(deps: { database: Database }, identity: Identity, id: string): Promise<string> {
  return await updateGeneration(deps, identity, id, async (tx, generation) => {
    if (!generation.isTrashed) return
    await takeOutOfTrash(tx, id)
    await bumpVersion(tx, id)
  })
}
