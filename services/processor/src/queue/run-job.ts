import { publicError } from '@darkroom/contracts/failures'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { RETRY_POLICIES, retryDelay } from '@darkroom/infra/runtime/retry-policies'
import { sleep, untilAborted } from '@darkroom/infra/runtime/timers'
import type { CallsInFlight } from '../answers/calls-in-flight.ts'
import { finishGeneration } from '../generate/finish-generation.ts'
import { type GenerateDeps, generate, type JobOutcome } from '../generate/generate.ts'
import { canRecover } from '../generate/recover-call.ts'
import type { ProcessorMetrics } from '../metrics.ts'
import type { Adapter } from '../providers/adapter.ts'
import type { Connections } from '../providers/connections.ts'
import type { ActiveJobs } from './active-jobs.ts'
import { createCircuitBreaker } from './circuit-breaker.ts'
import type { Job } from './job.ts'
import { type Lease, LeaseLostError, type LeaseOptions, releaseLease, rescheduleJob, withLease } from './lease.ts'
import { setWaiting } from './waiting-reason.ts'

export interface RunJobDeps
  extends Omit<
    GenerateDeps,
    | 'adapter'
    | 'isFree'
    | 'model'
    | 'access'
    | 'breaker'
    | 'planLimits'
    | 'maxCallSeconds'
    | 'maxAnswerSeconds'
    | 'onSubmit'
    | 'callsInFlight'
  > {
  database: Database
  callsInFlight: CallsInFlight
  metrics: Pick<ProcessorMetrics, 'staleWrites' | 'submits'>
  activeJobs: Pick<ActiveJobs, 'add'>
  connections: Pick<Connections, 'findModel'>
  leaseSeconds: number
  /** Longest active work on one generation, in one attempt. */
  maxSeconds: number
  /** Times that one output may be submitted in a round while its outcome is unknown. */
  maxSubmits: number
  /** Aborted when active jobs must be released. A job whose call is in flight is released after its answer, and some seconds. */
  drainSignal: AbortSignal
  /** Time that a draining job has to store an answer, in ms. */
  drainGraceMs: number
}

/** The message of a job, of which only the acknowledgement deadline is renewed. */
type JobDelivery = Pick<Delivery, 'working'>

/** Share of a job's time that an answer may take: what ended with the job would not count as the provider's silence. */
const ANSWER_SHARE = 0.9
const TOO_LONG = publicError('too_long')
/** Limits of a model that the provider no longer lists. */
const UNLISTED_MODEL_LIMITS = { outputsPerCall: 1, maxSeconds: 3_600 }

/** Works on a claimed generation under a lease. @returns what becomes of its message */
export async function runJob(deps: RunJobDeps, adapter: Adapter, job: Job, delivery: JobDelivery): Promise<JobOutcome> {
  const timeout = AbortSignal.timeout(deps.maxSeconds * 1_000)
  const ended = new AbortController()
  const signal = AbortSignal.any([createDrainSignal(deps, job, ended.signal), timeout])
  return await withLease(createLeaseOptions(deps, job, delivery, signal), async lease => {
    try {
      return await generate(createGenerateDeps(deps, adapter, job), job, lease)
    } catch (err) {
      return await onJobError(deps, job, lease, err, timeout.aborted)
    } finally {
      ended.abort()
    }
  })
}

/** Returns a signal that is aborted when the job must be released: calls that are paid for are waited for, with the lease. */
function createDrainSignal(deps: RunJobDeps, { id }: Job, ended: AbortSignal): AbortSignal {
  const { drainSignal, callsInFlight, drainGraceMs } = deps
  const controller = new AbortController()
  const release = async () => {
    if (callsInFlight.list(id).length > 0) {
      await untilAborted(callsInFlight.settled(id), ended)
      await sleep(drainGraceMs, ended)
    }
    controller.abort(drainSignal.reason)
  }
  // The job has ended by itself then.
  const onDrain = () => void release().catch(() => {})
  if (drainSignal.aborted) onDrain()
  else drainSignal.addEventListener('abort', onDrain, { once: true, signal: ended })
  return controller.signal
}

function createLeaseOptions(deps: RunJobDeps, job: Job, delivery: JobDelivery, signal: AbortSignal): LeaseOptions {
  const { database, log, leaseSeconds, metrics, activeJobs } = deps
  return {
    database,
    log,
    job,
    leaseSeconds,
    onRenewal: delivery.working,
    signal,
    onStale: () => metrics.staleWrites.inc(),
    onAcquired: recheck => activeJobs.add(job.id, recheck),
  }
}

function createGenerateDeps(deps: RunJobDeps, adapter: Adapter, job: Job): GenerateDeps {
  const model = deps.connections.findModel(job.model)
  const { outputsPerCall, maxSeconds } = model ?? UNLISTED_MODEL_LIMITS
  const isFree = model?.price.kind === 'free'
  return {
    ...deps,
    adapter,
    model,
    isFree,
    access: adapter.download?.(),
    breaker: createCircuitBreaker(deps.database, adapter.connection, deps.log),
    planLimits: { outputsPerCall, isFree, maxSubmits: deps.maxSubmits, canRecover: canRecover(adapter, model) },
    maxCallSeconds: maxSeconds,
    maxAnswerSeconds: Math.min(maxSeconds, deps.maxSeconds * ANSWER_SHARE),
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
    deps.log.warn({ generation: job.id, attempt: job.attempt, connection: job.connection }, 'lease_lost')
    return { kind: 'reschedule', seconds: 0 }
  }
  // An answer in hand is not dropped: the next worker reads it.
  if (isTimedOut && !(await hasAnswers(deps, job.id))) {
    await lease.write(tx => finishGeneration(tx, job, TOO_LONG))
    return { kind: 'ended' }
  }
  if (deps.drainSignal.aborted && lease.signal.aborted) {
    await transaction(deps.database, tx => releaseLease(tx, job))
    return { kind: 'reschedule', seconds: 0 }
  }
  return await rescheduleAfterError(deps, job, lease, err)
}

/** Returns whether the journal has, or may get, answers for a generation. */
export async function hasAnswers({ journal }: Pick<RunJobDeps, 'journal'>, id: string): Promise<boolean> {
  const entries = await journal.list(id)
  return entries.some(({ state }) => state === 'answered' || state === 'in-flight' || state === 'unreadable')
}

/** Counts an error of our own (the store, the database, or this code) and reschedules the job. */
async function rescheduleAfterError(
  { log }: Pick<RunJobDeps, 'log'>,
  job: Job,
  lease: Lease,
  err: unknown,
): Promise<JobOutcome> {
  const { id, attempt, connection } = job
  const failures = job.failures + 1
  const seconds = retryDelay(RETRY_POLICIES.jobError, failures) / 1_000
  log.error({ err, generation: id, attempt, connection, failures }, 'job_failed')
  await lease.write(async tx => {
    await tx`update generation_jobs set failures = failures + 1 where generation_id = ${id}`
    await rescheduleJob(tx, job, seconds)
    await setWaiting(tx, job, null)
  })
  return { kind: 'reschedule', seconds }
}
