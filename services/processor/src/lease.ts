import { type Database, type Transaction, transaction } from '@darkroom/infra/database'
import type { Log } from '@darkroom/infra/log'
import type { Job } from './job.ts'

/** Somebody else has taken the generation, or it was ended: what this worker does no longer counts. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

/** A worker's hold on a generation. */
export interface Lease {
  /** Aborted when the hold is lost or the worker is to stop. */
  signal: AbortSignal
  /**
   * Writes in one transaction, if the hold still stands.
   *
   * @throws LeaseLostError if it does not; nothing is written then
   */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

/**
 * Does work on a claimed generation and keeps the hold on it meanwhile: one timer renews the lease in the row and tells the
 * bus that the message is being worked on, so that the two cannot disagree.
 *
 * @param options `beat` is called at each renewal; `signal` aborts the work from outside
 */
export async function withLease<T>(
  options: { database: Database; log: Log; job: Job; leaseSeconds: number; beat: () => void; signal: AbortSignal },
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const { database, job, log } = options
  const lost = new AbortController()
  const renew = async () => {
    options.beat()
    if (!(await extend(database, job, options.leaseSeconds))) lost.abort(new LeaseLostError('the lease was lost'))
  }
  let renewedAt = performance.now()
  const timer = setInterval(() => {
    const silent = (performance.now() - renewedAt) / 1_000
    if (silent > options.leaseSeconds) lost.abort(new LeaseLostError('the lease ran out'))
    void renew().then(
      () => {
        renewedAt = performance.now()
      },
      err => log.warn({ err, id: job.id }, 'lease not renewed'),
    )
  }, options.leaseSeconds * 250)
  try {
    return await work({
      signal: AbortSignal.any([lost.signal, options.signal]),
      write: write => transaction(database, tx => fenced(tx, job, write)),
    })
  } finally {
    clearInterval(timer)
  }
}

/**
 * Gives a generation back unfinished.
 *
 * @param seconds until it should be looked at again; null hands it to whoever comes next
 */
export async function handBack(tx: Transaction, job: Job, seconds: number | null): Promise<void> {
  await tx`
    update generation_jobs set lease_until = null, lease_owner = null, stage = null,
      next_check_at = clock_timestamp() + make_interval(secs => ${seconds ?? 0})
    where generation_id = ${job.id} and attempt = ${job.attempt}`
}

async function extend(database: Database, job: Job, seconds: number): Promise<boolean> {
  const { count } = await database`
    update generation_jobs set lease_until = clock_timestamp() + make_interval(secs => ${seconds})
    where generation_id = ${job.id} and attempt = ${job.attempt} and lease_until is not null`
  return count === 1
}

/** The row is locked first, always before the generation's own, so that no two who write can wait for one another. */
async function fenced<T>(tx: Transaction, job: Job, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const [held] = await tx`
    select from generation_jobs where generation_id = ${job.id} and attempt = ${job.attempt} for update`
  if (!held) throw new LeaseLostError('another attempt has begun')
  return await work(tx)
}
