import { publicError } from '@darkroom/contracts/failures'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import type { ProviderOutput } from '../providers/provider.ts'
import type { Job } from '../queue/job.ts'
import { type Lease, LeaseLostError } from '../queue/lease.ts'
import { markNotStored, markStored, type StoredOutput } from './output-rows.ts'
import { type StoreOutputDeps, storeOutput } from './store-output.ts'
import { StoreOutputError } from './store-output-error.ts'

export interface UploadDeps extends StoreOutputDeps {
  log: Log
}

const MAX_TRIES = 3
const NOT_STORED = publicError('not_stored')

/**
 * Brings one output into our own store, with its previews, and says so in its row. One that cannot be brought keeps its
 * provider's address and becomes temporary; the others stand.
 *
 * @throws LeaseLostError, or the lease's reason for aborting; nothing else
 */
export async function uploadOutput(deps: UploadDeps, job: Job, lease: Lease, output: ProviderOutput): Promise<void> {
  const target = { workspaceId: job.workspaceId, generationId: job.id, attempt: job.attempt }
  let stored: StoredOutput | undefined
  for (let tries = 1; ; tries++) {
    try {
      // Once it is ours it is not fetched again, only because its row could not be written.
      stored ??= await storeOutput(deps, target, output, lease.signal)
      await failpoint('mid-upload')
      const storedOutput = stored
      return await lease.write(tx => markStored(tx, job, storedOutput))
    } catch (err) {
      if (lease.signal.aborted || err instanceof LeaseLostError) throw err
      deps.log.warn({ err, id: job.id, index: output.index, tries }, 'output not stored')
      if (tries === MAX_TRIES || !isRetryable(err))
        return await lease.write(tx => markNotStored(tx, job, output.index, NOT_STORED))
      await sleep(backoff(tries, { base: 250, most: 5_000 }), lease.signal)
    }
  }
}

/** A few seconds help only a fetch: the store has tried again by itself before it says so. */
function isRetryable(error: unknown): boolean {
  return !(error instanceof StoreOutputError) || error.failure === 'retryable'
}
