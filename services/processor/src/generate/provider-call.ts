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
import { canResubmit, getOutputIndices, type PlanLimits } from './plan.ts'
import { createProviderRequest } from './provider-request.ts'

/**
 * How a call stands when this worker leaves it: over, to be looked at again, or failed. What failed may be tried again only
 * where that cannot buy the same thing twice.
 */
export type CallOutcome =
  | { kind: 'finished' }
  | { kind: 'waiting'; seconds: number; isQueued: boolean }
  | { kind: 'failed'; error: ProviderError; canRetry: boolean }

/** A call, and how it stands. */
export interface CallResult {
  call: JobCall
  outcome: CallOutcome
}

export interface CallContext {
  job: Job
  lease: Lease
  provider: Provider
  breaker: CircuitBreaker
  planLimits: PlanLimits
  /** Longest that a call may take at the provider. */
  maxCallSeconds: number
  references: readonly ProviderReference[]
  /** Takes what the provider made, as it is made. */
  onOutput: (output: ProviderOutput) => Promise<void>
  /** Told how far a call has come, as a fraction. */
  onProgress: (call: JobCall, fraction: number) => void
  /** Told that a call is being made. */
  onSubmit: () => void
}

/** Waiting no longer than this, all in all, is not worth giving the generation back for. */
const MAX_INLINE_WAIT_MS = 1_000
const MIN_POLL_SECONDS = 0.05
/** A stop waits this long for the answer to a submission, because without it nobody knows what was bought. */
const SUBMIT_GRACE_MS = 2_500

/**
 * Makes a call to the provider. The call is noted before it is made and its request id before anything waits on it, so that
 * a crash at any point is seen afterwards for what it was.
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

/** Asks about a call that was made, by its request id, until it is over or has to be waited for. */
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

/** A refusal before the work began leaves no trace; anything else may have begun something that is billed. */
async function onSubmitError(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const { job, lease, planLimits } = context
  if (error.failure !== 'unknown') {
    await lease.write(tx => deleteCall(tx, job, call))
    return { kind: 'failed', error, canRetry: isRetryable(error) }
  }
  return {
    kind: 'failed',
    error: createUnknownOutcomeError(error),
    canRetry: planLimits.isFree || canResubmit(job, call, planLimits),
  }
}

/** What is said of a call that may or may not have been taken. */
export function createUnknownOutcomeError(cause?: unknown): ProviderError {
  return new ProviderError('unknown_outcome', { cause })
}

/**
 * Ends a call that was taken and then failed: asking again would be another call, which only costs nothing if all do, or if
 * it was us who had this one stopped.
 */
async function failCall(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const wasStopped = call.stopAsked && error.code === 'cancelled_by_provider'
  const canRetry = wasStopped || (context.provider.isFree && isRetryable(error))
  return await completeCall(context, call, { kind: 'failed', error, canRetry }, wasStopped ? 'cancelled' : 'failed')
}

/** The provider has had all the time that its catalogue allows. What it still makes can be asked for by a check. */
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
  context: CallContext,
  call: JobCall,
  outcome: CallOutcome,
  end: FinalOutcome = 'finished',
): Promise<CallOutcome> {
  await context.lease.write(tx => recordCallEnd(tx, context.job, call, end))
  return outcome
}

function reportProgress(context: CallContext, call: JobCall, checked: Extract<CheckResult, { kind: 'waiting' }>): void {
  const made = checked.outputs.length / Math.max(1, getOutputIndices(call).length)
  if (checked.progress !== undefined || made > 0) context.onProgress(call, Math.max(checked.progress ?? 0, made))
}

/** A provider's failure as a value; whatever else goes wrong is thrown on, and so is what we broke off ourselves. */
async function callProvider<T>({ lease, breaker }: CallContext, work: () => Promise<T>): Promise<T | ProviderError> {
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
