import type { Transaction } from '../database/connection.ts'
import type { GenerationKey } from './generations.ts'

/**
 * Makes a job claimable at once, with its failure count reset.
 *
 * @param mode `make` begins another round, in which missing outputs may be bought; `check` only polls the provider about
 *   outputs that were bought
 */
export async function reopenJob(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  mode: 'make' | 'check',
): Promise<void> {
  await tx`
    update generation_jobs set mode = ${mode}, round = round + ${mode === 'make' ? 1 : 0}, failures = 0, lease_until = null,
      lease_owner = null, next_check_at = null, announced_at = now(), stage = null, progress = null
    where generation_id = ${id} and workspace_id = ${workspaceId}`
}

/**
 * Resets failed and lost outputs to `pending`: their error, provider URL and rehost are removed.
 *
 * @param indices outputs to reset; null for all
 * @returns number of these outputs that are pending now
 */
export async function resetOutputs(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  indices: number[] | null,
): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    with reset as (
      update generation_outputs set state = 'pending', error = null, provider_url = null, from_call = false,
        needs_auth = false, expires_at = null, poster_url = null
      where generation_id = ${id} and workspace_id = ${workspaceId} and state in ('failed', 'lost', 'pending')
        and (${indices}::smallint[] is null or index = any(${indices}::smallint[]))
      returning index
    ),
    cancelled_rehosts as (
      delete from rehosts
      where generation_id = ${id} and workspace_id = ${workspaceId} and index in (select index from reset)
    )
    select count(*)::int as count from reset`
  return row?.count ?? 0
}
