import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { sleep } from '@darkroom/infra/runtime/timers'
import type { Job } from './job.ts'

/** Somebody else has taken the generation, or it was ended: what this worker does no longer counts. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

/** A worker's hold on a generation. */
export interface Lease {
  /** Aborted when the hold is lost or the worker is to stop. */
  signal: AbortSignal
  /** The same, but a stop comes later: for what must not be broken off in the middle if it can be helped. */
  signalWithGrace(milliseconds: number): AbortSignal
  /**
   * Writes in one transaction, if the hold still stands.
   *
   * @throws LeaseLostError if it does not; nothing is written then
   */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

export interface LeaseOptions {
  database: Database
  log: Log
  job: Job
  leaseSeconds: number
  /** Called at each renewal. */
  onRenewal: () => void
  /** Aborts the work from outside. */
  signal: AbortSignal
  /** Told each time that a write was refused because the hold was lost. */
  onStale: () => void
  /** Given a function that renews the hold at once, or finds it lost; returns what ends that. */
  onAcquired?: (recheck: () => void) => () => void
}

/**
 * Does work on a claimed generation and keeps the hold on it meanwhile: one timer renews the lease in the row and tells the
 * bus that the message is being worked on, so that the two cannot disagree.
 */
export async function withLease<T>(options: LeaseOptions, work: (lease: Lease) => Promise<T>): Promise<T> {
  const lost = new AbortController()
  const renew = createRenewal(options, lost)
  const timer = setInterval(renew, options.leaseSeconds * 250)
  const unregister = options.onAcquired?.(renew)
  const delays = new AbortController()
  try {
    return await work({
      signal: AbortSignal.any([lost.signal, options.signal]),
      signalWithGrace: milliseconds =>
        AbortSignal.any([lost.signal, createDelayedSignal(options.signal, milliseconds, delays.signal)]),
      write: write => transaction(options.database, tx => withFence(tx, options, write)),
    })
  } finally {
    delays.abort()
    unregister?.()
    clearInterval(timer)
  }
}

/**
 * Gives a generation back unfinished, to be looked at when it is due: nobody holds it until then.
 *
 * @param seconds until it should be looked at again
 */
export async function rescheduleJob(tx: Transaction, job: Job, seconds: number): Promise<void> {
  await tx`
    update generation_jobs set lease_until = null, lease_owner = null, stage = null,
      next_check_at = clock_timestamp() + make_interval(secs => ${seconds})
    where generation_id = ${job.id} and attempt = ${job.attempt} and lease_until is not null`
}

/** Gives a generation to whoever comes next, in the middle of its work. That is not held against it. */
export async function releaseLease(tx: Transaction, job: Job): Promise<void> {
  await tx`
    update generation_jobs set lease_until = clock_timestamp(), lease_owner = null, stage = null
    where generation_id = ${job.id} and attempt = ${job.attempt} and lease_until is not null`
}

function createRenewal(options: LeaseOptions, lost: AbortController): () => void {
  let renewedAt = performance.now()
  return () => {
    const elapsedSeconds = (performance.now() - renewedAt) / 1_000
    if (elapsedSeconds > options.leaseSeconds) lost.abort(new LeaseLostError('the lease ran out'))
    options.onRenewal()
    renewLease(options).then(
      isRenewed => {
        renewedAt = performance.now()
        if (isRenewed) return
        options.onStale()
        lost.abort(new LeaseLostError('the lease was lost'))
      },
      err => options.log.warn({ err, id: options.job.id }, 'lease not renewed'),
    )
  }
}

async function renewLease({ database, job, leaseSeconds }: LeaseOptions): Promise<boolean> {
  const { count } = await database`
    update generation_jobs set lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    where generation_id = ${job.id} and attempt = ${job.attempt} and lease_until is not null`
  return count === 1
}

/** The row is locked first, always before the generation's own, so that no two who write can wait for one another. */
async function withFence<T>(tx: Transaction, options: LeaseOptions, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const { id, attempt } = options.job
  const [job] = await tx`
    select from generation_jobs
    where generation_id = ${id} and attempt = ${attempt} and lease_until is not null for update`
  if (job) return await work(tx)
  options.onStale()
  throw new LeaseLostError('another attempt has begun, or it was ended')
}

/** Aborted some time after `signal` is, with its reason; never once `unneeded` is. */
function createDelayedSignal(signal: AbortSignal, milliseconds: number, cancelSignal: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const abortLater = async () => {
    await sleep(milliseconds, cancelSignal)
    if (!cancelSignal.aborted) controller.abort(signal.reason)
  }
  const onAbort = () => void abortLater()
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true, signal: cancelSignal })
  return controller.signal
}
