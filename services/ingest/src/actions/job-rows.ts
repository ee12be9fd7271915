import type { Transaction } from '@darkroom/infra/database/connection'

/** Ends the lease of a job, which fences its worker out: every statement of a worker requires the lease. */
export async function closeJob(tx: Transaction, id: string): Promise<void> {
  await tx`
    update generation_jobs set lease_until = null, lease_owner = null, next_check_at = null, stage = null, progress = null
    where generation_id = ${id}`
}

/**
 * Makes a job claimable at once, with its failure count reset.
 *
 * @param mode `make` begins another round, in which missing outputs may be bought; `check` only polls the provider about
 *   outputs that were bought
 */
export async function reopenJob(tx: Transaction, id: string, mode: 'make' | 'check'): Promise<void> {
  await tx`
    update generation_jobs set mode = ${mode}, round = round + ${mode === 'make' ? 1 : 0}, failures = 0, lease_until = null,
      lease_owner = null, next_check_at = null, announced_at = now(), stage = null, progress = null
    where generation_id = ${id}`
}
