import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type LockedGeneration, lockGeneration } from './lock-rows.ts'

/**
 * Changes a generation for a person, in one transaction in which nobody else changes it.
 *
 * @throws ProblemError `not_found` if the workspace has none of that id; whatever `work` throws, and then nothing was changed
 */
export async function withGeneration<T>(
  { database }: { database: Database },
  identity: Identity,
  id: string,
  work: (tx: Transaction, generation: LockedGeneration) => Promise<T>,
): Promise<T> {
  return await transaction(database, async tx => {
    const generation = await lockGeneration(tx, identity.workspaceId, id)
    if (!generation) throw new ProblemError('not_found', 'There is no such generation.')
    return await work(tx, generation)
  })
}

/** The same for a change that is answered by how the generation is then. @returns its JSON text */
export async function updateGeneration(
  deps: { database: Database },
  identity: Identity,
  id: string,
  work: (tx: Transaction, generation: LockedGeneration) => Promise<void>,
): Promise<string> {
  return await withGeneration(deps, identity, id, async (tx, generation) => {
    await work(tx, generation)
    const document = await readGeneration(tx, generation)
    if (document === null) throw new Error('a generation that is held is gone')
    return document
  })
}

/** Refuses a change of what is in the trash. @throws ProblemError `conflict` */
export function assertNotTrashed({ place }: LockedGeneration): void {
  if (place === 'trash') throw new ProblemError('conflict', 'It is in the trash. Restore it first.')
}
