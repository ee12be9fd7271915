import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { sleep } from '@darkroom/infra/runtime/timers'
import { forgetCall, noteCall, noteCallOver, noteRequestId } from '../outputs/output-rows.ts'
import {
  type Checked,
  type Provider,
  ProviderError,
  type ProviderOutput,
  type ProviderReference,
} from '../providers/provider.ts'
import type { LaneHealth } from '../queue/circuit-breaker.ts'
import type { CallEnd, Job, JobCall } from '../queue/job.ts'
import type { Lease } from '../queue/lease.ts'
import { indicesOf, mayRepeat, type PlanLimits } from './plan.ts'
import { requestFor } from './provider-request.ts'

/**
 * How a call stands when this worker leaves it: over, to be looked at again, or failed. What failed may be tried again only
 * where that cannot buy the same thing twice.
 */
export type CallOutcome =
  | { kind: 'finished' }
  | { kind: 'waiting'; seconds: number; isQueued: boolean }
  | { kind: 'failed'; error: ProviderError; mayTryAgain: boolean }

/** A call, and how it stands. */
export interface Called {
  call: JobCall
  outcome: CallOutcome
}

export interface CallContext {
  job: Job
  lease: Lease
  provider: Provider
  health: LaneHealth
  planLimits: PlanLimits
  /** Longest that a call may take at the provider. */
  maxCallSeconds: number
  references: readonly ProviderReference[]
  /** Takes what the provider made, as it is made. */
  receive: (output: ProviderOutput) => Promise<void>
  /** Told how far a call has come, as a fraction. */
  onProgress: (call: JobCall, fraction: number) => void
  /** Told that a call is being made. */
  onSubmit: () => void
}

/** Waiting no longer than this, all in all, is not worth giving the generation back for. */
const HOLD_MS = 1_000
const SHORTEST_PAUSE_SECONDS = 0.05
/** A stop waits this long for the answer to a submission, because without it nobody knows what was bought. */
const SUBMIT_GRACE_MS = 2_500

/**
 * Makes a call to the provider. The call is noted before it is made and its request id before anything waits on it, so that
 * a crash at any point is seen afterwards for what it was.
 */
export async function submitCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const { job, lease, provider } = context
  await lease.write(tx => noteCall(tx, job, call))
  context.onSubmit()
  await failpoint('before-submit')
  const submitted = await attempt(context, () =>
    provider.submit(requestFor(job, call, context.references), {
      idempotencyKey: `${job.id}:${call.call}`,
      signal: lease.signalAfter(SUBMIT_GRACE_MS),
      onProgress: fraction => context.onProgress(call, fraction),
    }),
  )
  if (submitted instanceof ProviderError) return await refused(context, call, submitted)
  if (submitted.kind === 'outputs') return await receiveAll(context, call, submitted.outputs)
  await failpoint('after-submit')
  await lease.write(tx => noteRequestId(tx, job, call, submitted.requestId))
  await failpoint('after-request-id')
  return await followCall(context, { ...call, requestId: submitted.requestId })
}

/** Asks about a call that was made, by its request id, until it is over or has to be waited for. */
export async function followCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const requestId = call.requestId ?? ''
  const begun = performance.now()
  for (;;) {
    const checked = await attempt(context, () => context.provider.check(requestId, context.lease.signal))
    if (checked instanceof ProviderError) return { kind: 'failed', error: checked, mayTryAgain: isRetryable(checked) }
    if (checked.kind === 'failed') return await fail(context, call, checked.error)
    for (const output of checked.outputs) await context.receive(output)
    if (checked.kind === 'finished') return await over(context, call, { kind: 'finished' })
    noteProgress(context, call, checked)
    const held = performance.now() - begun
    if (call.ageSeconds + held / 1_000 > context.maxCallSeconds) return await giveUp(context, call)
    const seconds = Math.max(SHORTEST_PAUSE_SECONDS, checked.lookAgainSeconds)
    if (held + seconds * 1_000 > HOLD_MS) {
      return { kind: 'waiting', seconds, isQueued: checked.queuePosition !== undefined }
    }
    await sleep(seconds * 1_000, context.lease.signal)
  }
}

async function receiveAll(
  context: CallContext,
  call: JobCall,
  outputs: AsyncIterable<ProviderOutput>,
): Promise<CallOutcome> {
  const failed = await attempt(context, async () => {
    for await (const output of outputs) await context.receive(output)
  })
  if (failed instanceof ProviderError) return await fail(context, call, failed)
  return await over(context, call, { kind: 'finished' })
}

/** A refusal before the work began leaves no trace; anything else may have begun something that is billed. */
async function refused(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const { job, lease, planLimits } = context
  if (error.failure !== 'unknown') {
    await lease.write(tx => forgetCall(tx, job, call))
    return { kind: 'failed', error, mayTryAgain: isRetryable(error) }
  }
  return {
    kind: 'failed',
    error: unknownOutcome(error),
    mayTryAgain: planLimits.free || mayRepeat(job, call, planLimits),
  }
}

/** What is said of a call that may or may not have been taken. */
export function unknownOutcome(cause?: unknown): ProviderError {
  return new ProviderError('unknown_outcome', { cause })
}

/**
 * Ends a call that was taken and then failed: asking again would be another call, which only costs nothing if all do, or if
 * it was us who had this one stopped.
 */
async function fail(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const wasStopped = call.stopAsked && error.code === 'cancelled_by_provider'
  const mayTryAgain = wasStopped || (context.provider.free && isRetryable(error))
  return await over(context, call, { kind: 'failed', error, mayTryAgain }, wasStopped ? 'cancelled' : 'failed')
}

/** The provider has had all the time that its catalogue allows. What it still makes can be asked for by a check. */
async function giveUp(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const minutes = Math.round(context.maxCallSeconds / 60)
  const message = `The provider did not finish within ${minutes} min, and was asked to stop.`
  await attempt(context, () => context.provider.cancel(call.requestId ?? '', context.lease.signal))
  return await fail(context, call, new ProviderError('provider_too_long', { message }))
}

function isRetryable(error: ProviderError): boolean {
  return error.failure === 'retryable'
}

async function over(
  context: CallContext,
  call: JobCall,
  outcome: CallOutcome,
  end: CallEnd = 'finished',
): Promise<CallOutcome> {
  await context.lease.write(tx => noteCallOver(tx, context.job, call, end))
  return outcome
}

function noteProgress(context: CallContext, call: JobCall, checked: Extract<Checked, { kind: 'waiting' }>): void {
  const made = checked.outputs.length / Math.max(1, indicesOf(call).length)
  if (checked.progress !== undefined || made > 0) context.onProgress(call, Math.max(checked.progress ?? 0, made))
}

/** A provider's failure as a value; whatever else goes wrong is thrown on, and so is what we broke off ourselves. */
async function attempt<T>({ lease, health }: CallContext, work: () => Promise<T>): Promise<T | ProviderError> {
  try {
    const answer = await work()
    await health.note(null)
    return answer
  } catch (error) {
    lease.signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    await health.note(error)
    return error
  }
}
