import type { BackfillFailure } from '@darkroom/contracts/backfill'
import type { Transaction } from '@darkroom/infra/database/connection'

/** Writes down what a run could not do; of each row the latest reason. */
export async function recordFailures(
  tx: Transaction,
  runId: string,
  failures: readonly BackfillFailure[],
): Promise<void> {
  if (failures.length === 0) return
  await tx`
    insert into backfill_failures (run_id, generation_id, reason, temporary)
    select ${runId}, given.*
    from unnest(${failures.map(({ id }) => id)}::uuid[], ${failures.map(({ reason }) => reason)}::text[],
                ${failures.map(({ temporary }) => String(temporary))}::text[]::boolean[]) as given
    on conflict (run_id, generation_id) do update set reason = excluded.reason, temporary = excluded.temporary`
}

/**
 * Forgets the failures of rows that have been moved since, or are gone.
 *
 * @returns whether there are rows that another try may help
 */
export async function deleteResolvedFailures(tx: Transaction, runId: string): Promise<{ again: boolean }> {
  await tx`
    delete from backfill_failures f where run_id = ${runId} and not exists (
      select from generation_raw r where r.generation_id = f.generation_id and embeds_file(r.parameters))`
  const [row] = await tx<{ again: boolean }[]>`
    select exists (
      select from generation_raw r where embeds_file(r.parameters) and not exists (
        select from backfill_failures f
        where f.run_id = ${runId} and f.generation_id = r.generation_id and not f.temporary)
    ) as again`
  return row ?? { again: false }
}
