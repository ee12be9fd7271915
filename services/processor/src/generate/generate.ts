import { publicError } from '@darkroom/contracts/failures'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Store } from '@darkroom/infra/store/store'
import { markFailed, recordCallEnd, recordOutput } from '../outputs/output-rows.ts'
import { type UploadDeps, uploadOutput } from '../outputs/upload.ts'
import { createUploadBatch, UPLOAD_STAGE } from '../outputs/upload-batch.ts'
import type { ProviderOutput } from '../providers/provider.ts'
import type { Job } from '../queue/job.ts'
import { type Lease, rescheduleJob } from '../queue/lease.ts'
import { setWaiting } from '../queue/waiting-reason.ts'
import { finishGeneration, markUploading } from './finish-generation.ts'
import { decideNextPoll, type FailedCall, type PollDelay } from './next-poll.ts'
import { createPlan, getOutputIndices, type Plan, type PlanLimits } from './plan.ts'
import { createProgress } from './progress.ts'
import {
  type CallContext,
  type CallOutcome,
  type CallResult,
  createUnknownOutcomeError,
  pollCall,
  submitCall,
} from './provider-call.ts'
import { loadReferences } from './provider-request.ts'

export interface GenerateDeps
  extends UploadDeps,
    Pick<CallContext, 'provider' | 'breaker' | 'maxCallSeconds' | 'onSubmit'> {
  store: Pick<Store, 'put' | 'get'>
  planLimits: PlanLimits
  /** Outputs of one generation that are uploaded at once. */
  uploadConcurrency: number
  /** Retryable failures after which a generation is failed. */
  maxFailures: number
}

/** The state in which a worker leaves a job: ended, or due again after some seconds. */
export type JobOutcome = { kind: 'ended' } | { kind: 'reschedule'; seconds: number }

const OUTPUT_LOST = publicError(
  'not_stored',
  'It was made, and most likely billed, but was lost before it could be stored.',
)

/**
 * Advances a claimed generation as far as is possible now: resumes the calls of earlier attempts, submits calls for the
 * missing outputs only, and stores each output as soon as it is made.
 *
 * @throws LeaseLostError when the lease is lost
 * @throws the reason of the lease's signal once it is aborted
 */
export async function generate(deps: GenerateDeps, job: Job, lease: Lease): Promise<JobOutcome> {
  const batch = createUploadBatch<ProviderOutput>({
    concurrency: deps.uploadConcurrency,
    upload: output => uploadOutput(deps, job, lease, output),
    onStart: () => setStage(job, lease, UPLOAD_STAGE),
    onSettled: () => setStage(job, lease, null),
  })
  const plan = createPlan(job, deps.planLimits)
  await recordLosses(job, lease, plan)
  for (const output of plan.fetch)
    batch.add(toUrlOutput(output.index, output.providerUrl ?? '', output.providerHeaders))
  try {
    const results = await makeCalls(deps, job, lease, plan, batch.add)
    const { delay, failedCalls, hasCountedFailure } = decideNextPoll(results, {
      hasTriesLeft: job.failures < deps.maxFailures,
    })
    if (delay === null) await lease.write(tx => markUploading(tx, job))
    // Before the failures are recorded: outputs that a call gave before it failed must not be marked failed.
    await batch.settled()
    await recordFailures(job, lease, failedCalls, hasCountedFailure)
    return await finishOrReschedule(job, lease, delay)
  } finally {
    // After an error too, no upload of this attempt may run beside the next attempt.
    await batch.settled().catch(() => {})
  }
}

async function makeCalls(
  deps: GenerateDeps,
  job: Job,
  lease: Lease,
  plan: Plan,
  add: (output: ProviderOutput) => void,
): Promise<CallResult[]> {
  const progress = createProgress({ job, lease })
  const references = plan.submit.length > 0 ? await loadReferences(deps.store, job.referenceKeys) : []
  const context = { ...createCallContext(deps, job, lease, add), references, onProgress: progress.report }
  const calls = [
    ...plan.resume.map(async call => ({ call, outcome: await pollCall(context, call) })),
    ...plan.submit.map(async call => ({ call, outcome: await submitCall(context, call) })),
  ]
  const unknown = plan.unknown.map(call => ({ call, outcome: createUnknownOutcome() }))
  const settled = await Promise.allSettled(calls)
  await progress.flush()
  const rejected = settled.find(result => result.status === 'rejected')
  if (rejected) throw rejected.reason
  return [...settled.flatMap(result => (result.status === 'fulfilled' ? [result.value] : [])), ...unknown]
}

function createCallContext(
  { provider, breaker, maxCallSeconds, onSubmit, planLimits }: GenerateDeps,
  job: Job,
  lease: Lease,
  add: (output: ProviderOutput) => void,
): Omit<CallContext, 'references' | 'onProgress'> {
  const { maxSubmits } = planLimits
  const onOutput = async (output: ProviderOutput) => {
    if (await lease.write(tx => recordOutput(tx, job, output))) add(output)
  }
  return { job, lease, provider, breaker, maxCallSeconds, maxSubmits, onSubmit, onOutput }
}

/** Records the losses of an earlier worker: outputs that were only in its memory, and calls that are submitted once more. */
async function recordLosses(job: Job, lease: Lease, { lostOutputs, resubmitted }: Plan): Promise<void> {
  if (lostOutputs.length === 0 && resubmitted.length === 0) return
  await lease.write(async tx => {
    if (lostOutputs.length > 0) await markFailed(tx, job, lostOutputs, OUTPUT_LOST)
    for (const call of resubmitted) await recordCallEnd(tx, job, call, 'unknown')
  })
}

/** Records the outputs that failed permanently, and counts a failure that is retried. */
async function recordFailures(
  job: Job,
  lease: Lease,
  failedCalls: FailedCall[],
  hasCountedFailure: boolean,
): Promise<void> {
  if (failedCalls.length === 0 && !hasCountedFailure) return
  await lease.write(async tx => {
    for (const { call, error } of failedCalls)
      await markFailed(tx, job, getOutputIndices(call), publicError(error.code, error.message))
    if (hasCountedFailure) await tx`update generation_jobs set failures = failures + 1 where generation_id = ${job.id}`
  })
}

async function finishOrReschedule(job: Job, lease: Lease, delay: PollDelay | null): Promise<JobOutcome> {
  if (delay !== null) await failpoint('before-hand-back')
  await lease.write(async tx => {
    if (delay === null) return await finishGeneration(tx, job)
    await rescheduleJob(tx, job, delay.seconds)
    await setWaiting(tx, job.id, delay.waiting)
  })
  return delay === null ? { kind: 'ended' } : { kind: 'reschedule', seconds: delay.seconds }
}

async function setStage(job: Job, lease: Lease, stage: string | null): Promise<void> {
  await lease.write(tx => tx`update generation_jobs set stage = ${stage} where generation_id = ${job.id}`)
}

function toUrlOutput(index: number, url: string, headers: Record<string, string> | null): ProviderOutput {
  return { index, kind: 'url', url, expiresAt: null, ...(headers ? { headers } : {}) }
}

function createUnknownOutcome(): CallOutcome {
  return { kind: 'failed', error: createUnknownOutcomeError(), canRetry: false }
}
