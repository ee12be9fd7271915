import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type LockedGeneration, lockGeneration } from './lock-rows.ts'

/**
 * Runs `work` in a transaction that has locked a generation of the caller's workspace.
 *
 * @throws ProblemError `not_found` if the workspace has no such generation; what `work` throws, with the transaction rolled back
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

/** Runs `work` like `withGeneration`. @returns the JSON text of the updated generation */
export async function updateGeneration(
  deps: { database: Database },
  identity: Identity,
  id: string,
  work: (tx: Transaction, generation: LockedGeneration) => Promise<void>,
): Promise<string> {
  return await withGeneration(deps, identity, id, async (tx, generation) => {
    await work(tx, generation)
    const document = await readGeneration(tx, generation)
    if (document === null) throw new Error(`generation ${id} has no document although it is locked`)
    return document
  })
}

/** Checks that a generation is not in the trash. @throws ProblemError `conflict` */
export function assertNotTrashed({ isTrashed }: LockedGeneration): void {
  if (isTrashed) throw new ProblemError('conflict', 'It is in the trash. Restore it first.')
}
