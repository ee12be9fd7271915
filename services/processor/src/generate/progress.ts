import { touch } from '@darkroom/infra/generations/generations'
import type { Job, JobCall } from '../queue/job.ts'
import type { Lease } from '../queue/lease.ts'

/** Brings what a provider says of its progress into the row. */
export interface Progress {
  report(call: JobCall, fraction: number): void
  /** Resolves when nothing is being written any more. */
  flush(): Promise<void>
}

/** People cannot see more changes than this, and each is a write and an event. */
const APART_MS = 400

/** Progress of a generation as a whole, from that of its calls, written at most every 400 ms and never backwards. */
export function createProgress(options: { job: Job; lease: Lease }): Progress {
  const { job, lease } = options
  const fractions = new Map<number, number>()
  let writing = Promise.resolve()
  let written = { at: 0, fraction: job.progress ?? 0 }
  const report = (call: JobCall, fraction: number) => {
    fractions.set(call.call, clamp(fraction) * call.count)
    const whole = sum(fractions.values()) / job.outputs.length
    const now = performance.now()
    if (whole <= written.fraction || now - written.at < APART_MS) return
    written = { at: now, fraction: whole }
    // A write that is refused says the lease is lost, which its signal says to everybody.
    writing = writing.then(() => write(job, lease, whole)).catch(() => {})
  }
  return { report, flush: () => writing }
}

async function write(job: Job, lease: Lease, fraction: number): Promise<void> {
  await lease.write(async tx => {
    await tx`update generation_jobs set progress = ${fraction} where generation_id = ${job.id}`
    await touch(tx, job.id)
  })
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0))
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0)
}
