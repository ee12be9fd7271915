import type { Transaction } from '../database/connection.ts'
import type { GenerationKey } from './generations.ts'

/**
 * Marks outputs that are being saved, and have a URL at their provider, as temporary: they are shown from that URL, and a rehost tries
 * to store them until it succeeds or the URL is gone. The caller publishes the change.
 *
 * @param indices indices of the generation's outputs; null for all
 * @returns the number of outputs that were marked
 */
export async function markTemporary(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  indices: number[] | null,
): Promise<number> {
  const { count } = await tx`
    with marked as (
      update generation_outputs set state = 'temporary', error = null
      where generation_id = ${id} and workspace_id = ${workspaceId}
        and (${indices}::smallint[] is null or index = any(${indices}::smallint[]))
        and state = 'saving' and provider_url is not null
      returning workspace_id, generation_id, index
    )
    insert into rehosts (workspace_id, generation_id, index) select workspace_id, generation_id, index from marked
    on conflict (generation_id, index) do update set next_try_at = now()`
  return count
}
