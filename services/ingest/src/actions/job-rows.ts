import type { Queryable, Transaction } from '@darkroom/infra/database/connection'

/** Takes a generation away from whoever works on it: without a lease nothing that a worker writes counts. */
export async function closeJob(tx: Transaction, id: string): Promise<void> {
  await tx`
    update generation_jobs set lease_until = null, lease_owner = null, next_check_at = null, stage = null, progress = null
    where generation_id = ${id}`
}

/**
 * Makes a generation work again that may be taken at once, with all its tries before it.
 *
 * @param mode `make` begins another round, in which what is missing may be bought; `check` only asks about what was bought
 */
export async function reopenJob(tx: Transaction, id: string, mode: 'make' | 'check'): Promise<void> {
  await tx`
    update generation_jobs set mode = ${mode}, round = round + ${mode === 'make' ? 1 : 0}, failures = 0, lease_until = null,
      lease_owner = null, next_check_at = null, announced_at = now(), stage = null, progress = null
    where generation_id = ${id}`
}

/** Whether a workspace has more unfinished generations than so many. */
export async function hasMoreUnfinished(db: Queryable, workspaceId: string, limit: number): Promise<boolean> {
  const rows = await db`
    select from generations where workspace_id = ${workspaceId} and status in ('queued', 'processing', 'uploading')
    offset ${limit} limit 1`
  return rows.length > 0
}
