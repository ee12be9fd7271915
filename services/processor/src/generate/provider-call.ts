import type { FailureCode } from '@darkroom/contracts/failures'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { sleep } from '@darkroom/infra/runtime/timers'
import { deleteCall, recordCall, recordCallEnd, recordRequestId } from '../outputs/output-rows.ts'
import {
  type CheckResult,
  type Provider,
  ProviderError,
  type ProviderOutput,
  type ProviderReference,
} from '../providers/provider.ts'
import type { CircuitBreaker } from '../queue/circuit-breaker.ts'
import type { FinalOutcome, Job, JobCall } from '../queue/job.ts'
import type { Lease } from '../queue/lease.ts'
import { canResubmit } from './plan.ts'
import { createProviderRequest } from './provider-request.ts'

/**
 * The state of a call when this worker leaves it: finished, waiting to be polled again, or failed. A failed call may be
 * retried only where that cannot buy the same outputs twice.
 */
export type CallOutcome =
  | { kind: 'finished' }
  | { kind: 'waiting'; seconds: number; isQueued: boolean }
  | { kind: 'failed'; error: ProviderError; canRetry: boolean }

/** A call and its outcome. */
export interface CallResult {
  call: JobCall
  outcome: CallOutcome
}

export interface CallContext {
  job: Job
  lease: Lease
  provider: Provider
  breaker: CircuitBreaker
  /** Times that one output may be submitted in a round while its outcome is unknown. */
  maxSubmits: number
  /** Longest time that a call may take at the provider. */
  maxCallSeconds: number
  references: readonly ProviderReference[]
  /** Called with each output as soon as it is made. */
  onOutput: (output: ProviderOutput) => Promise<void>
  /** Called with the progress of a call, from 0 to 1. */
  onProgress: (call: JobCall, fraction: number) => void
  /** Called when a call is being submitted. */
  onSubmit: () => void
}

/** Up to this total wait the call is polled in place: rescheduling the job would cost more. */
const MAX_INLINE_WAIT_MS = 1_000
const MIN_POLL_SECONDS = 0.05
/** The code of a call that ended because someone cancelled it. */
const CANCELLED: FailureCode = 'cancelled_by_provider'
/** A stop waits this long for the response to a submission: without it the outcome is unknown. */
const SUBMIT_GRACE_MS = 2_500

/**
 * Submits a call to the provider. The call is recorded before it is made and its request id before anything waits on it, so
 * that after a crash at any point the rows show what may have been bought.
 */
export async function submitCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const { job, lease, provider } = context
  await lease.write(tx => recordCall(tx, job, call))
  context.onSubmit()
  await failpoint('before-submit')
  const submitted = await callProvider(context, () =>
    provider.submit(createProviderRequest(job, call, context.references), {
      idempotencyKey: `${job.id}:${call.call}`,
      signal: lease.signalWithGrace(SUBMIT_GRACE_MS),
      onProgress: fraction => context.onProgress(call, fraction),
    }),
  )
  if (submitted instanceof ProviderError) return await onSubmitError(context, call, submitted)
  if (submitted.kind === 'outputs') return await collectOutputs(context, call, submitted.outputs)
  await failpoint('after-submit')
  await lease.write(tx => recordRequestId(tx, job, call, submitted.requestId))
  await failpoint('after-request-id')
  return await pollCall(context, { ...call, requestId: submitted.requestId })
}

/** Polls a submitted call by its request id until it has ended or the wait becomes too long. */
export async function pollCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const requestId = call.requestId ?? ''
  const startedAt = performance.now()
  for (;;) {
    const checked = await callProvider(context, () => context.provider.check(requestId, context.lease.signal))
    if (checked instanceof ProviderError) return { kind: 'failed', error: checked, canRetry: isRetryable(checked) }
    if (checked.kind === 'failed') return await failCall(context, call, checked.error)
    for (const output of checked.outputs) await context.onOutput(output)
    if (checked.kind === 'finished') return await completeCall(context, call, { kind: 'finished' })
    reportProgress(context, call, checked)
    const elapsedMs = performance.now() - startedAt
    if (call.ageSeconds + elapsedMs / 1_000 > context.maxCallSeconds) return await cancelOverdueCall(context, call)
    const seconds = Math.max(MIN_POLL_SECONDS, checked.pollAfterSeconds)
    if (elapsedMs + seconds * 1_000 > MAX_INLINE_WAIT_MS) {
      return { kind: 'waiting', seconds, isQueued: checked.queuePosition !== undefined }
    }
    await sleep(seconds * 1_000, context.lease.signal)
  }
}

async function collectOutputs(
  context: CallContext,
  call: JobCall,
  outputs: AsyncIterable<ProviderOutput>,
): Promise<CallOutcome> {
  const failed = await callProvider(context, async () => {
    for await (const output of outputs) await context.onOutput(output)
  })
  if (failed instanceof ProviderError) return await failCall(context, call, failed)
  return await completeCall(context, call, { kind: 'finished' })
}

/** Deletes a call that was refused before the work began. With any other error the provider may have begun, and bill, the work. */
async function onSubmitError(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const { job, lease, provider, maxSubmits } = context
  if (error.failure !== 'unknown') {
    await lease.write(tx => deleteCall(tx, job, call))
    return { kind: 'failed', error, canRetry: isRetryable(error) }
  }
  return {
    kind: 'failed',
    error: createUnknownOutcomeError(error),
    canRetry: provider.isFree || canResubmit(job, call, { maxSubmits }),
  }
}

/** Returns the error of a call that may or may not have been accepted. */
export function createUnknownOutcomeError(cause?: unknown): ProviderError {
  return new ProviderError('unknown_outcome', { cause })
}

/**
 * Ends a call that was accepted and then failed. A retry would be another call, which is free only where all calls are, or
 * where this one was cancelled at our own request.
 */
async function failCall(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const wasCancelled = call.cancelRequested && error.code === CANCELLED
  const canRetry = wasCancelled || (context.provider.isFree && isRetryable(error))
  return await completeCall(context, call, { kind: 'failed', error, canRetry }, wasCancelled ? 'cancelled' : 'failed')
}

/** Cancels a call that has taken longer than its model allows. Outputs that the provider still makes are found by a `check`. */
async function cancelOverdueCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const minutes = Math.round(context.maxCallSeconds / 60)
  const message = `The provider did not finish within ${minutes} min, and was asked to stop.`
  await callProvider(context, () => context.provider.cancel(call.requestId ?? '', context.lease.signal))
  return await failCall(context, call, new ProviderError('provider_too_long', { message }))
}

function isRetryable(error: ProviderError): boolean {
  return error.failure === 'retryable'
}

async function completeCall(
  { job, lease }: Pick<CallContext, 'job' | 'lease'>,
  call: JobCall,
  outcome: CallOutcome,
  end: FinalOutcome = 'finished',
): Promise<CallOutcome> {
  await lease.write(tx => recordCallEnd(tx, job, call, end))
  return outcome
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
