import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Log } from '@darkroom/infra/log'
import type { Job } from './job.ts'

/** Another worker has claimed the generation, or it has ended: this worker's writes no longer count. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

/** A worker's lease on a generation. */
export interface Lease {
  /** Aborted when the lease is lost or the worker is to stop. */
  signal: AbortSignal
  /**
   * Writes in one transaction, behind the fence.
   *
   * @throws LeaseLostError when the lease is lost; nothing is written then
   */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

type LeasedJob = Pick<Job, 'id' | 'attempt'>

export interface LeaseOptions {
  database: Database
  log: Log
  job: LeasedJob
  leaseSeconds: number
  /** Called at each renewal. */
  onRenewal: () => void
  /** Aborts the work. */
  signal: AbortSignal
  /** Called each time that a write is refused because the lease is lost. */
  onStale: () => void
  /**
   * Called when the work begins.
   *
   * @param recheck renews the lease at once, or finds that it was lost
   * @returns a function that is called when the work has ended
   */
  onAcquired?: (recheck: () => void) => () => void
}

/**
 * Runs `work` on a claimed generation and renews its lease meanwhile. One timer renews both the lease in the row and the
 * delivery's acknowledgement deadline on the bus, so that the two cannot disagree.
 */
export async function withLease<T>(options: LeaseOptions, work: (lease: Lease) => Promise<T>): Promise<T> {
  const lost = new AbortController()
  const renew = createRenewal(options, lost)
  const timer = setInterval(renew, options.leaseSeconds * 250)
  const unregister = options.onAcquired?.(renew)
  try {
    return await work({
      signal: AbortSignal.any([lost.signal, options.signal]),
      write: write => transaction(options.database, tx => withFence(tx, options, write)),
    })
  } finally {
    unregister?.()
    clearInterval(timer)
  }
}

/**
 * Ends the lease on an unfinished generation. Its job is due again later, and has no lease until then.
 *
 * @param seconds time until the job is due
 */
export async function rescheduleJob(tx: Transaction, job: LeasedJob, seconds: number): Promise<void> {
  await tx`
    update generation_jobs set lease_until = null, lease_owner = null, stage = null,
      next_check_at = clock_timestamp() + make_interval(secs => ${seconds})
    where generation_id = ${job.id} and attempt = ${job.attempt} and lease_until is not null`
}

/** Ends the lease in the middle of the work, for the next worker to claim at once. It does not count as a failure. */
export async function releaseLease(tx: Transaction, job: LeasedJob): Promise<void> {
  await tx`
    update generation_jobs set lease_until = clock_timestamp(), lease_owner = null, stage = null
    where generation_id = ${job.id} and attempt = ${job.attempt} and lease_until is not null`
}

function createRenewal(options: LeaseOptions, lost: AbortController): () => void {
  const { id, attempt } = options.job
  let renewedAt = performance.now()
  return () => {
    const elapsedSeconds = (performance.now() - renewedAt) / 1_000
    if (elapsedSeconds > options.leaseSeconds) lost.abort(new LeaseLostError('the lease expired'))
    options.onRenewal()
    renewLease(options).then(
      isRenewed => {
        renewedAt = performance.now()
        if (isRenewed) return
        options.onStale()
        lost.abort(new LeaseLostError('the lease was lost'))
      },
      err => options.log.warn({ err, generation: id, attempt }, 'lease_renewal_failed'),
    )
  }
}

async function renewLease({ database, job, leaseSeconds }: LeaseOptions): Promise<boolean> {
  const { count } = await database`
    update generation_jobs set lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where generation_id = ${job.id} and attempt = ${job.attempt} and lease_until is not null`
  return count === 1
}

/**
 * Runs `work` if the attempt still has the lease. The job's row is locked before the generation's, as everywhere: two
 * transactions cannot deadlock.
 *
 * @throws LeaseLostError otherwise
 */
async function withFence<T>(tx: Transaction, options: LeaseOptions, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const { id, attempt } = options.job
  const [job] = await tx`
    select from generation_jobs
    where generation_id = ${id} and attempt = ${attempt} and lease_until is not null for update`
  if (job) return await work(tx)
  options.onStale()
  throw new LeaseLostError(`attempt ${attempt} has no lease on generation ${id} any more`)
}
