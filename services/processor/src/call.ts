import { sleep } from '@darkroom/infra/deadline'
import type { Job, JobCall } from './job.ts'
import type { Lease } from './lease.ts'
import { forgetCall, noteCall, noteCallFinished, noteRequestId } from './output-rows.ts'
import { indicesOf } from './plan.ts'
import type { ProviderReference } from './providers/provider.ts'
import { type Checked, type Provider, ProviderError, type ProviderOutput } from './providers/provider.ts'
import { requestFor } from './request.ts'

/**
 * How a call stands when this worker leaves it: over, to be looked at again, or failed. What failed may be tried again only
 * where that cannot buy the same thing twice.
 */
export type CallOutcome =
  | { kind: 'finished' }
  | { kind: 'waiting'; seconds: number }
  | { kind: 'failed'; error: ProviderError; mayTryAgain: boolean }

export interface CallContext {
  job: Job
  lease: Lease
  provider: Provider
  references: readonly ProviderReference[]
  /** Takes what the provider made, as it is made. */
  receive: (output: ProviderOutput) => Promise<void>
  /** Told how far a call has come, as a fraction. */
  onProgress: (call: JobCall, fraction: number) => void
}

/** A wait this short is not worth giving the generation back for. */
const HOLD_SECONDS = 1

/**
 * Makes a call to the provider. The call is noted before it is made and its request id before anything waits on it, so that
 * a crash at any point is seen afterwards for what it was.
 */
export async function submitCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const { job, lease, provider } = context
  await lease.write(tx => noteCall(tx, job, call))
  const submitted = await attempt(context, () =>
    provider.submit(requestFor(job, call, context.references), {
      idempotencyKey: `${job.id}:${call.call}`,
      signal: lease.signal,
      onProgress: fraction => context.onProgress(call, fraction),
    }),
  )
  if (submitted instanceof ProviderError) return await refused(context, call, submitted)
  if (submitted.kind === 'outputs') return await receiveAll(context, call, submitted.outputs)
  await lease.write(tx => noteRequestId(tx, job, call, submitted.requestId))
  return await followCall(context, { ...call, requestId: submitted.requestId })
}

/** Asks about a call that was made, by its request id, until it is over or has to be waited for. */
export async function followCall(
  context: CallContext,
  call: JobCall & { requestId: string | null },
): Promise<CallOutcome> {
  const requestId = call.requestId ?? ''
  for (;;) {
    const checked = await attempt(context, () => context.provider.check(requestId, context.lease.signal))
    if (checked instanceof ProviderError) return { kind: 'failed', error: checked, mayTryAgain: isRetryable(checked) }
    if (checked.kind === 'failed') return await fail(context, call, checked.error)
    for (const output of checked.outputs) await context.receive(output)
    if (checked.kind === 'finished') return await over(context, call, { kind: 'finished' })
    noteProgress(context, call, checked)
    if (checked.lookAgainSeconds > HOLD_SECONDS) return { kind: 'waiting', seconds: checked.lookAgainSeconds }
    await sleep(checked.lookAgainSeconds * 1_000, context.lease.signal)
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
  if (error.failure !== 'unknown') await context.lease.write(tx => forgetCall(tx, context.job, call))
  return { kind: 'failed', error, mayTryAgain: isRetryable(error) }
}

/** Ends a call that was taken and then failed: asking again would be another call, which only costs nothing if all do. */
async function fail(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  const mayTryAgain = context.provider.free && isRetryable(error)
  return await over(context, call, { kind: 'failed', error, mayTryAgain })
}

function isRetryable(error: ProviderError): boolean {
  return error.failure === 'retryable'
}

async function over(context: CallContext, call: JobCall, outcome: CallOutcome): Promise<CallOutcome> {
  await context.lease.write(tx => noteCallFinished(tx, context.job, call))
  return outcome
}

function noteProgress(context: CallContext, call: JobCall, checked: Extract<Checked, { kind: 'waiting' }>): void {
  const made = checked.outputs.length / Math.max(1, indicesOf(call).length)
  if (checked.progress !== undefined || made > 0) context.onProgress(call, Math.max(checked.progress ?? 0, made))
}

/** A provider's failure as a value; whatever else goes wrong is thrown on, and so is what we broke off ourselves. */
async function attempt<T>({ lease }: CallContext, work: () => Promise<T>): Promise<T | ProviderError> {
  try {
    return await work()
  } catch (error) {
    lease.signal.throwIfAborted()
    if (error instanceof ProviderError) return error
    throw error
  }
}
