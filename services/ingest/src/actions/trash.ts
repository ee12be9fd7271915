import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Database } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { cancelLockedGeneration } from './cancel.ts'
import { putIntoTrash, takeOutOfTrash } from './trash-rows.ts'
import { updateGeneration, withGeneration } from './with-generation.ts'

/** Puts a generation into the trash, cancelled first if it has not ended. @throws ProblemError `not_found` */
export async function trashGeneration(deps: { database: Database }, identity: Identity, id: string): Promise<void> {
  await withGeneration(deps, identity, id, async (tx, generation) => {
    if (generation.place === 'trash') return
    if (!isTerminal(generation.status)) await cancelLockedGeneration(tx, generation)
    await putIntoTrash(tx, id)
    await bumpVersion(tx, id)
  })
}

/** Takes a generation out of the trash. @returns its JSON text @throws ProblemError `not_found` */
export async function restoreGeneration(deps: { database: Database }, identity: Identity, id: string): Promise<string> {
  return await updateGeneration(deps, identity, id, async (tx, generation) => {
    if (generation.place === 'studio') return
    await takeOutOfTrash(tx, id)
    await bumpVersion(tx, id)
  })
}
