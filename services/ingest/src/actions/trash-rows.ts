import { STATUSES } from '@darkroom/contracts/enums'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'

const TERMINAL_STATUSES = STATUSES.filter(isTerminal)

export async function putIntoTrash(tx: Transaction, { id, workspaceId }: GenerationKey): Promise<void> {
  await tx`update generations set deleted_at = clock_timestamp() where id = ${id} and workspace_id = ${workspaceId}`
}

export async function takeOutOfTrash(tx: Transaction, { id, workspaceId }: GenerationKey): Promise<void> {
  await tx`update generations set deleted_at = null where id = ${id} and workspace_id = ${workspaceId}`
}

/** Returns the time of the database, to the microsecond. */
export async function readNow(db: Queryable): Promise<string> {
  const [row] = await db<{ now: string }[]>`select clock_timestamp()::text as now`
  if (!row) throw new Error('the database did not return its time')
  return row.now
}

/**
 * Locks generations that were in the trash of a workspace at a time, the oldest first. It waits for a restore that is under way, after
 * which its generation is none of them.
 */
export async function lockTrashed(
  tx: Transaction,
  { workspaceId, until, limit }: { workspaceId: string; until: string; limit: number },
): Promise<GenerationKey[]> {
  return await tx<GenerationKey[]>`
    select g.id, g.workspace_id as "workspaceId" from generations g
      join generation_jobs j on j.generation_id = g.id and j.workspace_id = g.workspace_id
    where g.workspace_id = ${workspaceId} and g.deleted_at <= ${until}::timestamptz and g.status = any(${TERMINAL_STATUSES})
    order by g.id limit ${limit} for update of j, g`
}
