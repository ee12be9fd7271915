import type { FailureCode } from '@darkroom/contracts/failures'
import type { Database } from '@darkroom/infra/database/connection'
import { isTransientDbError } from '@darkroom/infra/database/errors'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { sleep, untilAborted } from '@darkroom/infra/runtime/timers'
import { assertCallRecorded, deleteCall, noteRequestId, recordCall } from '../answers/call-rows.ts'
import type { CallsInFlight } from '../answers/calls-in-flight.ts'
import type { CallName, Journal, JournalEntry } from '../answers/journal.ts'
import {
  type CallOptions,
  type CheckResult,
  type Provider,
  ProviderError,
  type ProviderOutput,
  type ProviderReference,
  type SavedAnswer,
  type Submitting,
} from '../providers/provider.ts'
import type { CircuitBreaker } from '../queue/circuit-breaker.ts'
import type { FinalOutcome, Job, JobCall } from '../queue/job.ts'
import type { Lease } from '../queue/lease.ts'
import type { WaitingState } from '../queue/waiting-reason.ts'
import { canResubmit, getOutputIndices } from './plan.ts'
import { createProviderRequest } from './provider-request.ts'

/**
 * The state of a call when this worker leaves it: finished, waiting to be looked at again, or failed. A failed call may be
 * retried only where that cannot buy the same outputs twice. `end` is recorded once the call's outputs are stored.
 */
export type CallOutcome =
  | { kind: 'finished'; end: FinalOutcome }
  | { kind: 'waiting'; seconds: number; reason: WaitingState['reason'] | null }
  | { kind: 'failed'; error: ProviderError; canRetry: boolean; end: FinalOutcome | null }

/** A call and its outcome. */
export interface CallResult {
  call: JobCall
  outcome: CallOutcome
}

export interface CallContext {
  database: Database
  job: Job
  lease: Lease
  provider: Provider
  breaker: CircuitBreaker
  journal: Journal
  callsInFlight: Pick<CallsInFlight, 'send'>
  /** Times that one output may be submitted in a round while its outcome is unknown. */
  maxSubmits: number
  /** Longest time that a call may take at the provider. */
  maxCallSeconds: number
  /** Longest time until the last byte of the response to a submission. */
  maxAnswerSeconds: number
  references: readonly ProviderReference[]
  /** Called with each output as soon as it is made. */
  onOutput: (output: ProviderOutput) => Promise<void>
  /** Called with the progress of a call, from 0 to 1. */
  onProgress: (call: JobCall, fraction: number) => void
  /** Called when a call is being submitted. */
  onSubmit: () => void
}

type Remote = Extract<Submitting, { kind: 'remote' }>
type Local = Extract<Submitting, { kind: 'local' }>

/** Up to this total wait the call is polled in place: rescheduling the job would cost more. */
const MAX_INLINE_WAIT_MS = 1_000
const MIN_POLL_SECONDS = 0.05
/** The code of a call that ended because someone cancelled it. */
const CANCELLED: FailureCode = 'cancelled_by_provider'

/**
 * Submits a call to the provider. The call is recorded before it is made, its answer is in the journal before it is read, and
 * its request id is recorded before anything waits on it: after a crash at any point the rows and the journal show what may
 * have been bought.
 */
export async function submitCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const { submitting } = context.provider
  if (submitting.kind === 'local') return await makeLocally(context, call, submitting)
  const { provider, model } = context.job
  const writer = await context.journal.open({ ...toCallName(context.job, call), provider, model })
  try {
    await noteCall(context, call, context.journal.id)
    await writer.markSent()
  } catch (error) {
    // The entry says that the call was not made, to the next worker as well.
    await writer.end(new ProviderError('interrupted'))
    throw error
  }
  const { maxAnswerSeconds, callsInFlight } = context
  const request = createProviderRequest(context.job, call, context.references)
  callsInFlight.send(writer, {
    deadlineMs: maxAnswerSeconds * 1_000,
    submit: signal => submitting.submit(request, { ...createCallOptions(context, call), signal }),
  })
  return await readAnswer(context, call, submitting, writer.answer)
}

/** Continues with a call whose answer is in the journal: the process that made it has ended, or was fenced out. */
export async function recoverCall(context: CallContext, call: JobCall, entry: JournalEntry): Promise<CallOutcome> {
  const { submitting } = context.provider
  if (entry.state === 'refused') return await onSubmitError(context, call, entry.error)
  if (entry.state === 'answered' && submitting.kind === 'remote')
    return await readAnswer(context, call, submitting, entry.answer)
  return createUnknownOutcome()
}

/** Polls a submitted call by its request id until it has ended or the wait becomes too long. */
export async function pollCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const requestId = call.requestId ?? ''
  const startedAt = performance.now()
  for (;;) {
    const checked = await callProvider(context, () => context.provider.check(requestId, context.lease.signal))
    if (checked instanceof ProviderError)
      return { kind: 'failed', error: checked, canRetry: isRetryable(checked), end: null }
    if (checked.kind === 'failed') return createFailure(context, call, checked.error)
    for (const output of checked.outputs) await context.onOutput(output)
    if (checked.kind === 'finished') return { kind: 'finished', end: 'finished' }
    reportProgress(context, call, checked)
    const elapsedMs = performance.now() - startedAt
    if (call.ageSeconds + elapsedMs / 1_000 > context.maxCallSeconds) return await cancelOverdueCall(context, call)
    const seconds = Math.max(MIN_POLL_SECONDS, checked.pollAfterSeconds)
    if (elapsedMs + seconds * 1_000 > MAX_INLINE_WAIT_MS) {
      return { kind: 'waiting', seconds, reason: checked.queuePosition === undefined ? null : 'provider-queue' }
    }
    await sleep(seconds * 1_000, context.lease.signal)
  }
}

/** Returns the outcome of a call that may or may not have been accepted, and is not made again. */
export function createUnknownOutcome(cause?: unknown): CallOutcome {
  const error = new ProviderError('unknown_outcome', { cause })
  return { kind: 'failed', error, canRetry: false, end: null }
}

/** Returns the name of a call in the journal. One that was not made before is this attempt's. */
export function toCallName(job: Job, { call, attempt }: JobCall): CallName {
  return { generationId: job.id, call, attempt: attempt ?? job.attempt }
}

/** Records a call, and asserts in another statement that the note is there: only then may the call be made. */
async function noteCall(context: CallContext, call: JobCall, host: string | null): Promise<void> {
  const { database, job, lease } = context
  await lease.write(tx => recordCall(tx, job, call, host))
  await assertCallRecorded(database, job, call)
  context.onSubmit()
  await failpoint('before-submit')
  lease.signal.throwIfAborted()
}

function createCallOptions({ job, onProgress }: CallContext, call: JobCall): Omit<CallOptions, 'signal'> {
  return { idempotencyKey: `${job.id}:${call.call}`, onProgress: fraction => onProgress(call, fraction) }
}

async function makeLocally(context: CallContext, call: JobCall, { make }: Local): Promise<CallOutcome> {
  await noteCall(context, call, null)
  const { signal } = context.lease
  const request = createProviderRequest(context.job, call, context.references)
  const outputs = await callProvider(context, () => make(request, { ...createCallOptions(context, call), signal }))
  if (outputs instanceof ProviderError) return await onSubmitError(context, call, outputs)
  return await collectOutputs(context, call, outputs)
}

async function readAnswer(
  context: CallContext,
  call: JobCall,
  { readAnswer }: Remote,
  answer: SavedAnswer,
): Promise<CallOutcome> {
  const { signal } = context.lease
  const begun = await callProvider(context, () => untilAborted(answer.headers(), signal))
  if (begun instanceof ProviderError) return await onSubmitError(context, call, begun)
  const options = { model: context.job.model, indices: getOutputIndices(call), signal }
  const onProgress = (fraction: number) => context.onProgress(call, fraction)
  const read = await callProvider(context, () => readAnswer(answer, { ...options, onProgress }))
  if (read instanceof ProviderError) return await onAnswerError(context, call, read)
  if (read.kind === 'outputs') return await collectOutputs(context, call, read.outputs)
  await failpoint('answer-read')
  await failpoint('after-submit')
  await adoptRequestId(context, call, read.requestId)
  await failpoint('after-request-id')
  return await pollCall(context, { ...call, requestId: read.requestId })
}

/** Records a request id as soon as the database takes it, and removes the answer that it came with. */
async function adoptRequestId(context: CallContext, call: JobCall, requestId: string): Promise<void> {
  const { database, job, lease, journal } = context
  const name = toCallName(job, call)
  const options = { policy: RETRY_POLICIES.noteAnswer, signal: lease.signal, isRetryable: isTransientDbError }
  const isNoted = await retry(() => noteRequestId(database, name, requestId), options)
  if (!isNoted) throw new Error(`call ${call.call} of generation ${job.id} has another request id, or no row`)
  await failpoint('before-journal-remove')
  await journal.remove(name)
}

async function collectOutputs(
  context: CallContext,
  call: JobCall,
  outputs: AsyncIterable<ProviderOutput>,
): Promise<CallOutcome> {
  const failed = await callProvider(context, async () => {
    for await (const output of outputs) await context.onOutput(output)
  })
  if (failed instanceof ProviderError) return await onAnswerError(context, call, failed)
  await failpoint('answer-read')
  return { kind: 'finished', end: 'finished' }
}

/** Deletes a call that was refused before the work began. With any other error the provider may have begun, and bill, the work. */
async function onSubmitError(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const { job, lease, provider, maxSubmits, journal } = context
  if (error.failure !== 'unknown') {
    await lease.write(tx => deleteCall(tx, job, call))
    await journal.remove(toCallName(job, call))
    // A refusal of an earlier round is not the answer to the user's retry.
    return { kind: 'failed', error, canRetry: isRetryable(error) || call.round !== job.round, end: null }
  }
  const canRetry = provider.isFree || canResubmit(job, call, { maxSubmits })
  return { kind: 'failed', error: new ProviderError('unknown_outcome', { cause: error }), canRetry, end: null }
}

/**
 * Ends a call whose answer is an error, or breaks off. An answer that breaks off before anything of it could be used leaves the
 * outcome unknown.
 */
async function onAnswerError(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  if (error.failure === 'unknown' && context.provider.submitting.kind === 'remote')
    return await onSubmitError(context, call, error)
  return createFailure(context, call, error)
}

/**
 * Returns the failure of a call that was accepted. A retry would be another call, which is free only where all calls are, or
 * where this one was cancelled at our own request.
 */
function createFailure({ provider }: CallContext, call: JobCall, error: ProviderError): CallOutcome {
  const wasCancelled = call.cancelRequested && error.code === CANCELLED
  const canRetry = wasCancelled || (provider.isFree && isRetryable(error))
  return { kind: 'failed', error, canRetry, end: wasCancelled ? 'cancelled' : 'failed' }
}

/** Cancels a call that has taken longer than its model allows. Outputs that the provider still makes are found by a `check`. */
async function cancelOverdueCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const minutes = Math.round(context.maxCallSeconds / 60)
  const message = `The provider did not finish within ${minutes} min, and was asked to stop.`
  await callProvider(context, () => context.provider.cancel(call.requestId ?? '', context.lease.signal))
  return createFailure(context, call, new ProviderError('provider_too_long', { message }))
}

function isRetryable(error: ProviderError): boolean {
  return error.failure === 'retryable'
}

function reportProgress(
  { onProgress }: Pick<CallContext, 'onProgress'>,
  call: JobCall,
  { outputs, progress }: Extract<CheckResult, { kind: 'waiting' }>,
): void {
  const made = outputs.length / Math.max(1, call.count)
  if (progress !== undefined || made > 0) onProgress(call, Math.max(progress ?? 0, made))
}

/**
 * Runs a request to the provider and records its outcome in the circuit breaker. A ProviderError is returned as a value.
 *
 * @throws every other error, and the signal's reason where the request was aborted by us
 */
async function callProvider<T>(
  { lease, breaker }: Pick<CallContext, 'lease' | 'breaker'>,
  work: () => Promise<T>,
): Promise<T | ProviderError> {
  try {
    const result = await work()
    await breaker.record(null)
    return result
  } catch (error) {
    lease.signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    await breaker.record(error)
    return error
  }
}
