import type { BackfillFailure } from '@darkroom/contracts/history/backfill'
import type { Transaction } from '@darkroom/infra/database/connection'

/** Records the rows that a run could not migrate or verify; the latest reason of each row replaces the one before. */
export async function recordFailures(
  tx: Transaction,
  runId: string,
  failures: readonly BackfillFailure[],
): Promise<void> {
  if (failures.length === 0) return
  await tx`
    insert into backfill_failures (workspace_id, run_id, generation_id, reason, temporary)
    select g.workspace_id, ${runId}, input.*
    from unnest(${failures.map(({ id }) => id)}::uuid[], ${failures.map(({ reason }) => reason)}::text[],
                ${failures.map(({ temporary }) => String(temporary))}::text[]::boolean[]) as input (generation_id, reason, temporary)
      -- One that was purged meanwhile has nothing left to move.
      join generations g on g.id = input.generation_id
    for key share of g
    on conflict (run_id, generation_id) do update set reason = excluded.reason, temporary = excluded.temporary`
}

/**
 * Deletes the failures of rows that have been migrated since or are gone.
 *
 * @returns whether any row is left that another pass may migrate
 */
export async function deleteResolvedFailures(tx: Transaction, runId: string): Promise<{ hasRetryable: boolean }> {
  await tx`
    delete from backfill_failures f where run_id = ${runId} and not exists (
      select from generation_raw r where r.generation_id = f.generation_id and r.has_file)`
  const [row] = await tx<{ hasRetryable: boolean }[]>`
    select exists (
      select from generation_raw r where r.has_file and not exists (
        select from backfill_failures f
        where f.run_id = ${runId} and f.generation_id = r.generation_id and not f.temporary)
    ) as "hasRetryable"`
  return row ?? { hasRetryable: false }
}
