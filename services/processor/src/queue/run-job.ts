import { publicError } from '@darkroom/contracts/failures'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import { transaction } from '@darkroom/infra/database/connection'
import { backoff } from '@darkroom/infra/runtime/timers'
import { finishGeneration } from '../generate/finish-generation.ts'
import { type GenerateDeps, generate, type JobOutcome } from '../generate/generate.ts'
import type { Provider } from '../providers/provider.ts'
import type { WorkerDeps } from '../worker.ts'
import { createCircuitBreaker } from './circuit-breaker.ts'
import type { Job } from './job.ts'
import { type Lease, LeaseLostError, releaseLease, rescheduleJob, withLease } from './lease.ts'
import { setWaiting } from './waiting-reason.ts'

const TOO_LONG = publicError('too_long')
/** For a model that the provider no longer lists. */
const UNLISTED_MODEL_LIMITS = { outputsPerCall: 1, maxSeconds: 3_600 }

/** Works on a claimed generation, and says how its message ends. */
export async function runJob(deps: WorkerDeps, provider: Provider, job: Job, delivery: Delivery): Promise<JobOutcome> {
  const timeout = AbortSignal.timeout(deps.maxSeconds * 1_000)
  const options = {
    ...deps,
    job,
    onRenewal: delivery.working,
    signal: AbortSignal.any([deps.drainSignal, timeout]),
    onStale: () => deps.metrics.staleWrites.inc(),
    onAcquired: (recheck: () => void) => deps.activeJobs.add(job.id, recheck),
  }
  return await withLease(options, async lease => {
    try {
      return await generate(createGenerateDeps(deps, provider, job), job, lease)
    } catch (err) {
      return await onJobError(deps, job, lease, err, timeout.aborted)
    }
  })
}

function createGenerateDeps(deps: WorkerDeps, provider: Provider, job: Job): GenerateDeps {
  const { outputsPerCall, maxSeconds } = deps.catalogue.find(job.model) ?? UNLISTED_MODEL_LIMITS
  return {
    ...deps,
    provider,
    breaker: createCircuitBreaker(deps.database, provider.name),
    planLimits: { outputsPerCall, isFree: provider.isFree, maxSubmits: deps.maxSubmits },
    maxCallSeconds: maxSeconds,
    onSubmit: () => deps.metrics.submits.inc(),
  }
}

/** What becomes of a generation whose work broke off: somebody else's, handed back, failed, or tried again in a while. */
async function onJobError(
  deps: WorkerDeps,
  job: Job,
  lease: Lease,
  err: unknown,
  isTimedOut: boolean,
): Promise<JobOutcome> {
  if (err instanceof LeaseLostError || lease.signal.reason instanceof LeaseLostError) {
    deps.log.warn({ id: job.id, attempt: job.attempt }, 'a generation was lost to another worker, or ended')
    return { kind: 'reschedule', seconds: 0 }
  }
  if (isTimedOut) {
    await lease.write(tx => finishGeneration(tx, job, TOO_LONG))
    return { kind: 'ended' }
  }
  if (deps.drainSignal.aborted) {
    await transaction(deps.database, tx => releaseLease(tx, job))
    return { kind: 'reschedule', seconds: 0 }
  }
  return await rescheduleAfterError(deps, job, lease, err)
}

/** Something of our own broke: the store, the database, or this code. */
async function rescheduleAfterError(deps: WorkerDeps, job: Job, lease: Lease, err: unknown): Promise<JobOutcome> {
  const seconds = 1 + backoff(job.failures, { base: 1_000, most: 30_000 }) / 1_000
  deps.log.error({ err, id: job.id }, 'work on a generation broke off')
  await lease.write(async tx => {
    await tx`update generation_jobs set failures = failures + 1 where generation_id = ${job.id}`
    await rescheduleJob(tx, job, seconds)
    await setWaiting(tx, job.id, null)
  })
  return { kind: 'reschedule', seconds }
}
