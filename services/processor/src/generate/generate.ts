import { publicError } from '@darkroom/contracts/failures'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { markFailed, noteCallOver, recordOutput } from '../outputs/output-rows.ts'
import { type UploadDeps, upload } from '../outputs/upload.ts'
import { createUploadBatch, UPLOAD_STAGE } from '../outputs/upload-batch.ts'
import type { Provider, ProviderError, ProviderOutput } from '../providers/provider.ts'
import type { LaneHealth } from '../queue/circuit-breaker.ts'
import type { Job, JobCall } from '../queue/job.ts'
import { handBack, type Lease } from '../queue/lease.ts'
import { setWaiting } from '../queue/waiting-reason.ts'
import { finish, toUploading } from './finish-generation.ts'
import { type Pause, pauseAfter } from './next-poll.ts'
import { indicesOf, type Plan, type PlanLimits, planOf } from './plan.ts'
import { createProgress } from './progress.ts'
import {
  type CallContext,
  type Called,
  type CallOutcome,
  followCall,
  submitCall,
  unknownOutcome,
} from './provider-call.ts'
import { loadReferences } from './provider-request.ts'

export interface GenerateDeps extends UploadDeps {
  provider: Provider
  health: LaneHealth
  planLimits: PlanLimits
  /** Longest that a call may take at the provider. */
  maxCallSeconds: number
  /** Outputs of one generation that are uploaded at once. */
  uploadConcurrency: number
  /** Retryable failures after which a generation is failed. */
  maxFailures: number
  /** Told that a call is being made. */
  onSubmit: () => void
}

/** How a worker leaves a generation: ended, or to be looked at again. */
export type Outcome = { kind: 'ended' } | { kind: 'later'; seconds: number }

const GONE = publicError('not_stored', 'It was made, and most likely billed, but was lost before it could be stored.')

/**
 * Brings a claimed generation as far as it can be brought now: takes up what earlier attempts left, asks the provider for
 * what is missing and for nothing else, and stores each output as it comes.
 *
 * @throws LeaseLostError, or the lease's reason for aborting
 */
export async function generate(deps: GenerateDeps, job: Job, lease: Lease): Promise<Outcome> {
  const batch = createUploadBatch<ProviderOutput>({
    concurrency: deps.uploadConcurrency,
    upload: output => upload(deps, job, lease, output),
    enter: () => setStage(job, lease, UPLOAD_STAGE),
    leave: () => setStage(job, lease, null),
  })
  const plan = planOf(job, deps.planLimits)
  await noteLosses(job, lease, plan)
  for (const output of plan.fetch) batch.add(fetchable(output.index, output.providerUrl ?? '', output.providerHeaders))
  try {
    const called = await makeCalls(deps, job, lease, plan, batch.add)
    const { pause, final, isCounted } = pauseAfter(called, { hasTries: job.failures < deps.maxFailures })
    if (pause === null) await lease.write(tx => toUploading(tx, job))
    // Only now is it known which outputs of a failed call had come before it failed, and are kept.
    await batch.settled()
    await noteFailures(job, lease, final, isCounted)
    return await leave(job, lease, pause)
  } finally {
    // Whatever went wrong, nothing of this attempt may go on beside the next one.
    await batch.settled().catch(() => {})
  }
}

async function makeCalls(
  deps: GenerateDeps,
  job: Job,
  lease: Lease,
  plan: Plan,
  add: (output: ProviderOutput) => void,
): Promise<Called[]> {
  const progress = createProgress({ job, lease })
  const context: CallContext = {
    ...deps,
    job,
    lease,
    references: plan.submit.length > 0 ? await loadReferences(deps.store, job.referenceKeys) : [],
    receive: async output => {
      if (await lease.write(tx => recordOutput(tx, job, output))) add(output)
    },
    onProgress: progress.report,
  }
  const works = [
    ...plan.adopt.map(async call => ({ call, outcome: await followCall(context, call) })),
    ...plan.submit.map(async call => ({ call, outcome: await submitCall(context, call) })),
  ]
  const unknown = plan.unknown.map(call => ({ call, outcome: unknownEnd() }))
  const settled = await Promise.allSettled(works)
  await progress.flush()
  const broken = settled.find(result => result.status === 'rejected')
  if (broken) throw broken.reason
  return [...settled.flatMap(result => (result.status === 'fulfilled' ? [result.value] : [])), ...unknown]
}

/** Writes down what an earlier worker took with it: outputs it held in memory, and calls that are made once more. */
async function noteLosses(job: Job, lease: Lease, { gone, repeated }: Plan): Promise<void> {
  if (gone.length === 0 && repeated.length === 0) return
  await lease.write(async tx => {
    if (gone.length > 0) await markFailed(tx, job, gone, GONE)
    for (const call of repeated) await noteCallOver(tx, job, call, 'unknown')
  })
}

/** Writes down which outputs will never come, and that something failed that will be tried again. */
async function noteFailures(job: Job, lease: Lease, final: Failed[], isCounted: boolean): Promise<void> {
  if (final.length === 0 && !isCounted) return
  await lease.write(async tx => {
    for (const { call, error } of final)
      await markFailed(tx, job, indicesOf(call), publicError(error.code, error.message))
    if (isCounted) await tx`update generation_jobs set failures = failures + 1 where generation_id = ${job.id}`
  })
}

type Failed = { call: JobCall; error: ProviderError }

async function leave(job: Job, lease: Lease, pause: Pause | null): Promise<Outcome> {
  if (pause !== null) await failpoint('before-hand-back')
  await lease.write(async tx => {
    if (pause === null) return await finish(tx, job)
    await handBack(tx, job, pause.seconds)
    await setWaiting(tx, job.id, pause.waiting)
  })
  return pause === null ? { kind: 'ended' } : { kind: 'later', seconds: pause.seconds }
}

async function setStage(job: Job, lease: Lease, stage: string | null): Promise<void> {
  await lease.write(tx => tx`update generation_jobs set stage = ${stage} where generation_id = ${job.id}`)
}

function fetchable(index: number, url: string, headers: Record<string, string> | null): ProviderOutput {
  return { index, kind: 'url', url, expiresAt: null, ...(headers ? { headers } : {}) }
}

function unknownEnd(): CallOutcome {
  return { kind: 'failed', error: unknownOutcome(), mayTryAgain: false }
}
