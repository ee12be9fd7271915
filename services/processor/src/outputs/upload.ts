import { publicError } from '@darkroom/contracts/failures'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import type { Job } from '../queue/job.ts'
import { type Lease, LeaseLostError } from '../queue/lease.ts'
import type { DownloadableOutput } from './download.ts'
import { markNotStored, markStored, type StoredOutput } from './output-rows.ts'
import { type StoreOutputDeps, storeOutput } from './store-output.ts'
import { isTooSlow, StoreOutputError } from './store-output-error.ts'

export interface UploadDeps extends StoreOutputDeps {
  log: Log
}

/** Attempts after which an image that is not decoded in time is given up: it is no machine that is busy for a moment. */
const MAX_SLOW_ATTEMPTS = 20
const NOT_STORED = publicError('not_stored')

/**
 * Uploads one output to the store, with its previews, and marks it stored. An output that cannot be uploaded becomes
 * temporary if the provider has a URL of it. Bytes are deferred while the store or the database is away, and fail only if they
 * are unusable. Other outputs are not affected.
 *
 * @returns `deferred` if the output is to be uploaded again later
 * @throws LeaseLostError when the lease is lost
 * @throws the reason of the lease's signal once it is aborted
 */
export async function uploadOutput(
  deps: UploadDeps,
  job: Job,
  lease: Lease,
  output: DownloadableOutput,
): Promise<'settled' | 'deferred'> {
  const ids = { generation: job.id, attempt: job.attempt, connection: job.connection, output: output.index }
  try {
    await retry(createUpload(deps, job, lease, output), {
      policy: RETRY_POLICIES.storeOutput,
      signal: lease.signal,
      isRetryable,
      onRetry: (err, failures) => deps.log.warn({ err, ...ids, failures }, 'output_upload_retried'),
    })
  } catch (err) {
    if (lease.signal.aborted || err instanceof LeaseLostError) throw err
    deps.log.warn({ err, ...ids }, 'output_not_stored')
    if (output.kind === 'bytes' && !isUnusable(err, job)) return 'deferred'
    await lease.write(tx => markNotStored(tx, job, output.index, NOT_STORED))
  }
  return 'settled'
}

/** Returns whether bytes can never be stored, however often they are tried: they are no media, or damaged. */
function isUnusable(error: unknown, { attempt }: Job): boolean {
  if (isTooSlow(error)) return attempt > MAX_SLOW_ATTEMPTS
  return error instanceof StoreOutputError && error.failure !== 'store'
}

/** Returns one try of an upload. Once the output is stored, another try writes its row only. */
function createUpload(deps: UploadDeps, job: Job, lease: Lease, output: DownloadableOutput): () => Promise<void> {
  const target = { workspaceId: job.workspaceId, generationId: job.id, attempt: job.attempt }
  let stored: StoredOutput | undefined
  return async () => {
    const storedOutput = stored ?? (await storeOutput(deps, target, output, lease.signal))
    stored = storedOutput
    await failpoint('mid-upload')
    await lease.write(tx => markStored(tx, job, storedOutput))
  }
}

/** Returns whether another try in a few seconds can help: the store has retried by itself, and a lost lease is final. */
function isRetryable(error: unknown): boolean {
  if (error instanceof LeaseLostError) return false
  return !(error instanceof StoreOutputError) || error.failure === 'retryable'
}
