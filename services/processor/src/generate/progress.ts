import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { CheckResult } from '../providers/adapter.ts'
import type { Job, JobCall } from '../queue/job.ts'
import type { Lease } from '../queue/lease.ts'

export type WaitingResult = Extract<CheckResult, { kind: 'waiting' }>

/** Writes a provider's progress into the row. */
export interface Progress {
  /** @param fraction progress of the call, from 0 to 1 */
  report(call: JobCall, fraction: number): void
  /** Resolves when no write is pending. */
  flush(): Promise<void>
}

/** Users cannot perceive more frequent changes, and each is a write and an event. */
const MIN_INTERVAL_MS = 400

/** Combines the progress of a generation's calls. It is written at most every 400 ms and never decreases. */
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
    // A refused write means that the lease is lost, which the lease's signal reports as well.
    writing = writing.then(() => writeProgress(job, lease, total)).catch(() => {})
  }
  return { report, flush: () => writing }
}

/** Reports the progress of a call: that of its provider, or the share of its outputs that are made. */
export function reportCallProgress(
  { onProgress }: { onProgress: (call: JobCall, fraction: number) => void },
  call: JobCall,
  { outputs, progress }: WaitingResult,
): void {
  const made = outputs.length / Math.max(1, call.count)
  if (progress !== undefined || made > 0) onProgress(call, Math.max(progress ?? 0, made))
}

async function writeProgress(job: Job, lease: Lease, fraction: number): Promise<void> {
  await lease.write(async tx => {
    await tx`update generation_jobs set progress = ${fraction} where generation_id = ${job.id}`
    await bumpVersion(tx, job)
  })
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0))
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0)
}
