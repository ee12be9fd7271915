import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type KeyedAction, recordAction } from '../idempotency/action-keys.ts'
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

/** A request for an action on a generation, with the key by which it can be repeated. */
export interface ActionRequest {
  id: string
  /** As `readIdempotencyKey` returns it; undefined: each request is another action. */
  key: string | undefined
}

/** JSON text of the generation, and whether the same request was answered before, in which case nothing was done. */
export interface ActionResult {
  document: string
  isReplayed: boolean
}

/**
 * Runs `work` like `withGeneration`, once for each key.
 *
 * @throws ProblemError `conflict` when the key was used for something else
 */
export async function updateOnce(
  deps: { database: Database },
  identity: Identity,
  { id, key, action }: ActionRequest & { action: KeyedAction },
  work: (tx: Transaction, generation: LockedGeneration) => Promise<void>,
): Promise<ActionResult> {
  let isReplayed = false
  const document = await updateGeneration(deps, identity, id, async (tx, generation) => {
    isReplayed = key !== undefined && (await recordAction(tx, generation, { action, key }))
    if (!isReplayed) await work(tx, generation)
  })
  return { document, isReplayed }
}

/** Checks that a generation is not in the trash. @throws ProblemError `conflict` */
export function assertNotTrashed({ isTrashed }: LockedGeneration): void {
  if (isTrashed) throw new ProblemError('conflict', 'It is in the trash. Restore it first.')
}
