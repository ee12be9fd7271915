import type { PublicError } from '@darkroom/contracts/output'
import type { Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import { ProblemError } from '@darkroom/infra/http/problem'

/** Fails the outputs that are pending or being saved. */
export async function failUnfinishedOutputs(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  error: PublicError,
): Promise<void> {
  await tx`
    update generation_outputs set state = 'failed', error = ${tx.json(error)}
    where generation_id = ${id} and workspace_id = ${workspaceId} and state in ('pending', 'saving')`
}

/**
 * Sets or clears the favourite mark of an output.
 *
 * @returns whether the row changed; undefined if there is no such output
 * @throws ProblemError `conflict` if it is deleted
 */
export async function updateFavourite(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  { outputIndex, favourite }: { outputIndex: number; favourite: boolean },
): Promise<boolean | undefined> {
  const [before] = await tx<{ favourite: boolean; isDeleted: boolean }[]>`
    select favourite, state = 'deleted' as "isDeleted" from generation_outputs
    where generation_id = ${id} and workspace_id = ${workspaceId} and index = ${outputIndex}`
  if (!before) return undefined
  if (before.favourite === favourite) return false
  if (before.isDeleted) throw new ProblemError('conflict', 'It is deleted. Restore it first.')
  await tx`
    update generation_outputs set favourite = ${favourite}
    where generation_id = ${id} and workspace_id = ${workspaceId} and index = ${outputIndex}`
  return true
}
