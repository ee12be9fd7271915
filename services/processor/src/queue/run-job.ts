import { publicError } from '@darkroom/contracts/failures'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { RETRY_POLICIES, retryDelay } from '@darkroom/infra/runtime/retry-policies'
import { finishGeneration } from '../generate/finish-generation.ts'
import { type GenerateDeps, generate, type JobOutcome } from '../generate/generate.ts'
import type { ProcessorMetrics } from '../metrics.ts'
import type { ModelCatalogue } from '../providers/model-catalogue.ts'
import type { Provider } from '../providers/provider.ts'
import type { ActiveJobs } from './active-jobs.ts'
import { createCircuitBreaker } from './circuit-breaker.ts'
import type { Job } from './job.ts'
import { type Lease, LeaseLostError, type LeaseOptions, releaseLease, rescheduleJob, withLease } from './lease.ts'
import { setWaiting } from './waiting-reason.ts'

export interface RunJobDeps
  extends Omit<GenerateDeps, 'provider' | 'breaker' | 'planLimits' | 'maxCallSeconds' | 'onSubmit'> {
  database: Database
  metrics: Pick<ProcessorMetrics, 'staleWrites' | 'submits'>
  activeJobs: Pick<ActiveJobs, 'add'>
  catalogue: ModelCatalogue
  leaseSeconds: number
  /** Longest active work on one generation, in one attempt. */
  maxSeconds: number
  /** Times that one output may be submitted in a round while its outcome is unknown. */
  maxSubmits: number
  /** Aborted when active jobs must be released. */
  drainSignal: AbortSignal
}

const TOO_LONG = publicError('too_long')
/** Limits of a model that the provider no longer lists. */
const UNLISTED_MODEL_LIMITS = { outputsPerCall: 1, maxSeconds: 3_600 }

/** Works on a claimed generation under a lease. @returns what becomes of its message */
export async function runJob(deps: RunJobDeps, provider: Provider, job: Job, delivery: Delivery): Promise<JobOutcome> {
  const timeout = AbortSignal.timeout(deps.maxSeconds * 1_000)
  return await withLease(createLeaseOptions(deps, job, delivery, timeout), async lease => {
    try {
      return await generate(createGenerateDeps(deps, provider, job), job, lease)
    } catch (err) {
      return await onJobError(deps, job, lease, err, timeout.aborted)
    }
  })
}

function createLeaseOptions(deps: RunJobDeps, job: Job, delivery: Delivery, timeout: AbortSignal): LeaseOptions {
  const { database, log, leaseSeconds, metrics, activeJobs, drainSignal } = deps
  return {
    database,
    log,
    job,
    leaseSeconds,
    onRenewal: delivery.working,
    signal: AbortSignal.any([drainSignal, timeout]),
    onStale: () => metrics.staleWrites.inc(),
    onAcquired: recheck => activeJobs.add(job.id, recheck),
  }
}

function createGenerateDeps(deps: RunJobDeps, provider: Provider, job: Job): GenerateDeps {
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

/** Ends a job that threw: its lease is lost, its time is up, the worker stops, or it is tried again later. */
async function onJobError(
  deps: RunJobDeps,
  job: Job,
  lease: Lease,
  err: unknown,
  isTimedOut: boolean,
): Promise<JobOutcome> {
  if (err instanceof LeaseLostError || lease.signal.reason instanceof LeaseLostError) {
    deps.log.warn({ generation: job.id, attempt: job.attempt, provider: job.provider }, 'lease_lost')
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

/** Counts an error of our own (the store, the database, or this code) and reschedules the job. */
async function rescheduleAfterError(
  { log }: Pick<RunJobDeps, 'log'>,
  job: Job,
  lease: Lease,
  err: unknown,
): Promise<JobOutcome> {
  const { id, attempt, provider } = job
  const failures = job.failures + 1
  const seconds = retryDelay(RETRY_POLICIES.jobError, failures) / 1_000
  log.error({ err, generation: id, attempt, provider, failures }, 'job_failed')
  await lease.write(async tx => {
    await tx`update generation_jobs set failures = failures + 1 where generation_id = ${id}`
    await rescheduleJob(tx, job, seconds)
    await setWaiting(tx, id, null)
  })
  return { kind: 'reschedule', seconds }
}
