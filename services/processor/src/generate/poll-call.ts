import { FAILURES, type FailureCode } from '@darkroom/contracts/failures'
import type { CallWatch } from '../live-previews/call-watchers.ts'
import { ProviderError } from '../providers/adapter.ts'
import { REPAIR_POLL_SECONDS } from '../queue/circuit-breaker.ts'
import type { JobCall } from '../queue/job.ts'
import type { WaitingState } from '../queue/waiting-reason.ts'
import type { CallContext, CallOutcome } from './call-context.ts'
import { toCallName } from './call-name.ts'
import { callProvider } from './call-provider.ts'
import { getOutputIndices } from './plan.ts'
import { reportCallProgress, type WaitingResult } from './progress.ts'
import { collectReceipts } from './receipts.ts'

/**
 * Up to this total wait the call is polled in place: rescheduling the job would cost more, and come later. Longer than that a wait holds no
 * slot, of which a provider has two.
 */
const MAX_INLINE_WAIT_MS = 1_000
const MIN_POLL_SECONDS = 0.05
/** The code of a call that ended because someone cancelled it. */
const CANCELLED: FailureCode = 'cancelled_by_provider'

/**
 * Polls a submitted call by its request id until it has ended or the wait becomes too long. While the provider works on it, it is watched
 * as well, also between two polls.
 */
export async function pollCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const watch = openWatch(context, call)
  let outcome: CallOutcome | undefined
  try {
    outcome = await pollUntilSettled(context, call, watch)
    return outcome
  } finally {
    if (outcome?.kind === 'waiting') watch.extend(outcome.seconds)
    else watch.end()
  }
}

function openWatch({ livePreviews, adapter, job, model }: CallContext, call: JobCall): CallWatch {
  const isTelling = model?.previews === true || model?.progress === true
  return livePreviews.open({
    workspaceId: job.workspaceId,
    generationId: job.id,
    call: call.call,
    adapter: isTelling ? adapter : {},
    handle: call.requestId ?? '',
    indices: getOutputIndices(call),
  })
}

async function pollUntilSettled(context: CallContext, call: JobCall, watch: CallWatch): Promise<CallOutcome> {
  const handle = call.requestId ?? ''
  const startedAt = performance.now()
  const receipts = collectReceipts(context.lease, toCallName(context.job, call))
  for (;;) {
    const ageSeconds = call.ageSeconds + (performance.now() - startedAt) / 1_000
    const options = { ...receipts, indices: getOutputIndices(call), ageSeconds }
    const checked = await callProvider(context, () => context.adapter.check(handle, context.lease.signal, options))
    await receipts.save()
    if (checked instanceof ProviderError) return createPollFailure(checked)
    if (checked.kind === 'failed') return createFailure(context, call, checked.error)
    if (checked.kind === 'gone') return createFailure(context, call, new ProviderError('request_gone'))
    if (checked.kind === 'never-seen') return createFailure(context, call, new ProviderError('request_unknown'))
    for (const output of checked.outputs) await context.onOutput(output)
    if (checked.kind === 'finished') return { kind: 'finished', end: 'finished' }
    if (checked.queuePosition === undefined) watch.start()
    reportCallProgress(context, call, withWatchedProgress(checked, watch))
    const elapsedMs = performance.now() - startedAt
    if (call.ageSeconds + elapsedMs / 1_000 > context.maxCallSeconds) return await cancelOverdueCall(context, call)
    const seconds = Math.max(MIN_POLL_SECONDS, checked.pollAfterSeconds)
    if (elapsedMs + seconds * 1_000 > MAX_INLINE_WAIT_MS)
      return { kind: 'waiting', seconds, ...toQueueState(checked.queuePosition) }
    await watch.pause(seconds * 1_000, context.lease.signal)
  }
}

/** Returns the reason for the wait of a call that is not done, and its place in the provider's queue, if it is in it. */
function toQueueState(
  position: number | undefined,
): Pick<WaitingState, 'position'> & { reason: 'provider-queue' | null } {
  if (position === undefined) return { reason: null }
  return { reason: 'provider-queue', ...(Number.isInteger(position) && position > 0 && { position }) }
}

/** Adds the progress that was told between polls. */
function withWatchedProgress(checked: WaitingResult, watch: CallWatch): WaitingResult {
  const latest = watch.progress()
  return latest === undefined ? checked : { ...checked, progress: Math.max(latest, checked.progress ?? 0) }
}

/** Returns the outcome of a poll that failed: a call that is paid for is polled again once a user has repaired the connection. */
function createPollFailure(error: ProviderError): CallOutcome {
  if (FAILURES[error.code].breaker !== 'check')
    return { kind: 'failed', error, canRetry: isRetryable(error), end: null }
  const reason = error.code === 'payment_required' ? 'no-credit' : 'key-refused'
  return { kind: 'waiting', seconds: REPAIR_POLL_SECONDS, reason }
}

/**
 * Returns the failure of a call that was accepted. A retry would be another call, which is free only where all calls are, or
 * where this one was cancelled at our own request.
 */
export function createFailure(
  { isFree }: Pick<CallContext, 'isFree'>,
  call: JobCall,
  error: ProviderError,
): CallOutcome {
  const wasCancelled = call.cancelRequested && error.code === CANCELLED
  const canRetry = wasCancelled || (isFree && isRetryable(error))
  return { kind: 'failed', error, canRetry, end: wasCancelled ? 'cancelled' : 'failed' }
}

/** Cancels a call that has taken longer than its model allows. Outputs that the provider still makes are found by a `check`. */
async function cancelOverdueCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const minutes = Math.round(context.maxCallSeconds / 60)
  const message = `The provider did not finish within ${minutes} min, and was asked to stop.`
  await callProvider(context, () => context.adapter.cancel(call.requestId ?? '', context.lease.signal))
  return createFailure(context, call, new ProviderError('provider_too_long', { message }))
}

/** Returns whether a call that had this error may be made again as it is. */
export function isRetryable(error: ProviderError): boolean {
  return error.failure === 'retryable'
}
