import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { Job, JobCall } from '../queue/job.ts'
import type { Lease } from '../queue/lease.ts'

/** Brings what a provider says of its progress into the row. */
export interface Progress {
  report(call: JobCall, fraction: number): void
  /** Resolves when nothing is being written any more. */
  flush(): Promise<void>
}

/** People cannot see more changes than this, and each is a write and an event. */
const MIN_INTERVAL_MS = 400

/** Progress of a generation as a whole, from that of its calls, written at most every 400 ms and never backwards. */
export function createProgress(options: { job: Job; lease: Lease }): Progress {
  const { job, lease } = options
  const fractions = new Map<number, number>()
  let writing = Promise.resolve()
  let lastWrite = { at: 0, fraction: job.progress ?? 0 }
  const report = (call: JobCall, fraction: number) => {
    fractions.set(call.call, clamp(fraction) * call.count)
    const total = sum(fractions.values()) / job.outputs.length
    const now = performance.now()
    if (total <= lastWrite.fraction || now - lastWrite.at < MIN_INTERVAL_MS) return
    lastWrite = { at: now, fraction: total }
    // A write that is refused says the lease is lost, which its signal says to everybody.
    writing = writing.then(() => writeProgress(job, lease, total)).catch(() => {})
  }
  return { report, flush: () => writing }
}

async function writeProgress(job: Job, lease: Lease, fraction: number): Promise<void> {
  await lease.write(async tx => {
    await tx`update generation_jobs set progress = ${fraction} where generation_id = ${job.id}`
    await bumpVersion(tx, job.id)
  })
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0))
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0)
}
