import type { Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'

/** Ends the lease of a job, which fences its worker out: every statement of a worker requires the lease. */
export async function closeJob(tx: Transaction, { id, workspaceId }: GenerationKey): Promise<void> {
  await tx`
    update generation_jobs set lease_until = null, lease_owner = null, next_check_at = null, stage = null, progress = null
    where generation_id = ${id} and workspace_id = ${workspaceId}`
}
