import type { PublicError } from '@darkroom/contracts/output'
import { type CallContext, type CallOutcome, followCall, submitCall } from './call.ts'
import { finish, toUploading } from './finish.ts'
import type { Job, JobCall } from './job.ts'
import { handBack, type Lease } from './lease.ts'
import { markFailed, recordOutput } from './output-rows.ts'
import { indicesOf, type Plan, planOf } from './plan.ts'
import { createProgress } from './progress.ts'
import { type Provider, ProviderError, type ProviderOutput } from './providers/provider.ts'
import { loadReferences } from './request.ts'
import { type UploadDeps, upload } from './upload.ts'
import { createUploadBatch, UPLOAD_STAGE } from './upload-batch.ts'

export interface GenerateDeps extends UploadDeps {
  provider: Provider
  outputsPerCall: number
  /** Outputs of one generation that are uploaded at once. */
  uploadConcurrency: number
  /** Retryable failures after which a generation is failed. */
  maxFailures: number
}

/** How a worker leaves a generation: ended, or to be looked at again. */
export type Outcome = { kind: 'ended' } | { kind: 'later'; seconds: number }

type Called = { call: JobCall; outcome: CallOutcome }
type Failed = { call: JobCall; error: ProviderError; mayTryAgain: boolean }

const RETRY_SECONDS = 5

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
  const plan = planOf(job, { outputsPerCall: deps.outputsPerCall, free: deps.provider.free })
  for (const output of plan.fetch) batch.add(fetchable(output.index, output.providerUrl ?? '', output.providerHeaders))
  try {
    const called = await makeCalls(deps, job, lease, plan, batch.add)
    const { pause, failed } = judgeCalls(deps, job, called)
    if (pause === null) await lease.write(tx => toUploading(tx, job))
    // Only now is it known which outputs of a failed call had come before it failed, and are kept.
    await batch.settled()
    await noteFailures(job, lease, failed)
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
    job,
    lease,
    provider: deps.provider,
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
  const unknown = plan.unknown.map(call => ({ call, outcome: unknownOutcome() }))
  const settled = await Promise.allSettled(works)
  await progress.flush()
  const broken = settled.find(result => result.status === 'rejected')
  if (broken) throw broken.reason
  return [...settled.flatMap(result => (result.status === 'fulfilled' ? [result.value] : [])), ...unknown]
}

/** Which calls failed, and in how many seconds to look again; null if the provider has nothing more to do. */
function judgeCalls(deps: GenerateDeps, job: Job, called: Called[]): { pause: number | null; failed: Failed[] } {
  const failed = called.flatMap(({ call, outcome }) => (outcome.kind === 'failed' ? [{ call, ...outcome }] : []))
  const judged = failed.map(failure => ({
    ...failure,
    mayTryAgain: failure.mayTryAgain && hasTries(deps, job, failure),
  }))
  const waits = called.flatMap(({ outcome }) => (outcome.kind === 'waiting' ? [outcome.seconds] : []))
  const again = judged.filter(failure => failure.mayTryAgain)
  const pauses = [...waits, ...again.map(({ error }) => error.retryAfterSeconds ?? RETRY_SECONDS)]
  return { pause: pauses.length === 0 ? null : Math.min(...pauses), failed: judged }
}

/** Writes down which outputs will never come, and that something failed that will be tried again. */
async function noteFailures(job: Job, lease: Lease, failed: Failed[]): Promise<void> {
  const final = failed.filter(failure => !failure.mayTryAgain)
  const isCountedAgain = failed.some(failure => failure.mayTryAgain && isCounted(failure))
  if (final.length === 0 && !isCountedAgain) return
  await lease.write(async tx => {
    for (const { call, error } of final) await markFailed(tx, job, indicesOf(call), publicError(error))
    if (isCountedAgain) await tx`update generation_jobs set failures = failures + 1 where generation_id = ${job.id}`
  })
}

async function leave(job: Job, lease: Lease, pause: number | null): Promise<Outcome> {
  await lease.write(tx => (pause === null ? finish(tx, job) : handBack(tx, job, pause)))
  return pause === null ? { kind: 'ended' } : { kind: 'later', seconds: pause }
}

/** A provider that says when to come back is not failing. */
function isCounted({ error }: Failed): boolean {
  return error.retryAfterSeconds === null
}

function hasTries(deps: GenerateDeps, job: Job, failure: Failed): boolean {
  return !isCounted(failure) || job.failures < deps.maxFailures
}

async function setStage(job: Job, lease: Lease, stage: string | null): Promise<void> {
  await lease.write(tx => tx`update generation_jobs set stage = ${stage} where generation_id = ${job.id}`)
}

function fetchable(index: number, url: string, headers: Record<string, string> | null): ProviderOutput {
  return { index, kind: 'url', url, expiresAt: null, ...(headers ? { headers } : {}) }
}

function publicError(error: ProviderError): PublicError {
  return { code: error.code, message: error.message.slice(0, 500) }
}

function unknownOutcome(): CallOutcome {
  const message = 'The studio stopped just as this was being sent, so it may or may not have been made and billed.'
  return { kind: 'failed', error: new ProviderError('unknown_outcome', message, 'unknown'), mayTryAgain: false }
}
