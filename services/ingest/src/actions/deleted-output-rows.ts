import type { OutputState } from '@darkroom/contracts/enums'
import type { Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import type { LockedGeneration } from './lock-rows.ts'

export interface DeletableOutput {
  index: number
  state: OutputState
  /** Whether it can no longer be restored. */
  isPurged: boolean
}

export async function readDeletableOutputs(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
): Promise<DeletableOutput[]> {
  return await tx<DeletableOutput[]>`
    select index, state, state = 'deleted' and deleted_from is null as "isPurged" from generation_outputs
    where generation_id = ${id} and workspace_id = ${workspaceId} order by index`
}

/** Marks an output deleted. A temporary one is not rehosted meanwhile: its rehost stays, with the number of its tries. */
export async function markDeleted(tx: Transaction, { id, workspaceId }: GenerationKey, index: number): Promise<void> {
  await tx`
    update generation_outputs set state = 'deleted', deleted_at = clock_timestamp(), deleted_from = state,
      deleted_favourite = favourite, favourite = false
    where generation_id = ${id} and workspace_id = ${workspaceId} and index = ${index}`
  await tx`
    update rehosts set next_try_at = 'infinity'
    where generation_id = ${id} and workspace_id = ${workspaceId} and index = ${index}`
}

/** Gives a deleted output its state and its favourite mark again. A temporary one is rehosted from now on. */
export async function markRestored(tx: Transaction, { id, workspaceId }: GenerationKey, index: number): Promise<void> {
  await tx`
    with restored as (
      update generation_outputs set state = deleted_from, deleted_at = null, deleted_from = null,
        favourite = deleted_favourite, deleted_favourite = false
      where generation_id = ${id} and workspace_id = ${workspaceId} and index = ${index} and deleted_from is not null
      returning workspace_id, generation_id, index, state
    )
    insert into rehosts (workspace_id, generation_id, index)
    select workspace_id, generation_id, index from restored where state = 'temporary'
    on conflict (generation_id, index) do update set next_try_at = now()`
}

/** Records in a generation's history what happened to an output: its status stays. */
export async function insertOutputEvent(tx: Transaction, generation: LockedGeneration, detail: string): Promise<void> {
  const { id, workspaceId, attempt, status } = generation
  await tx`
    insert into generation_events (workspace_id, generation_id, attempt, from_status, to_status, detail)
    values (${workspaceId}, ${id}, ${attempt}, ${status}, ${status}, ${detail})`
}
