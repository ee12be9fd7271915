import type { Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import { ProblemError } from '@darkroom/infra/http/problem'

/** An action that may cost something if it is done twice. */
export type KeyedAction = 'retry' | 'complete' | 'check'

const USED_FOR_ANOTHER = 'This Idempotency-Key was used for something else. Make a new one for each action.'

/**
 * Records that an action on a locked generation is done, unless its key says that it was done before.
 *
 * @returns whether it was done before
 * @throws ProblemError `conflict` when the key was used for another action, or for another generation
 */
export async function recordAction(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  { action, key }: { action: KeyedAction; key: string },
): Promise<boolean> {
  const { count } = await tx`
    insert into action_keys (workspace_id, key, generation_id, action) values (${workspaceId}, ${key}, ${id}, ${action})
    on conflict do nothing`
  if (count === 1) return false
  const rows = await tx`
    select from action_keys
    where workspace_id = ${workspaceId} and key = ${key} and generation_id = ${id} and action = ${action}`
  if (rows.length === 0) throw new ProblemError('conflict', USED_FOR_ANOTHER)
  return true
}
