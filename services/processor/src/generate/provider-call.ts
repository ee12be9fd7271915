import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { untilAborted } from '@darkroom/infra/runtime/timers'
import { assertCallRecorded, recordCall } from '../answers/call-rows.ts'
import type { JournalEntry } from '../answers/journal.ts'
import {
  type CallOptions,
  MAX_HANDLE_CHARACTERS,
  ProviderError,
  type ProviderOutput,
  type SavedAnswer,
  type Submitting,
} from '../providers/adapter.ts'
import type { JobCall } from '../queue/job.ts'
import { canOpenCall } from '../queue/open-calls.ts'
import { setWaiting } from '../queue/waiting-reason.ts'
import type { CallContext, CallOutcome } from './call-context.ts'
import { openCallCost } from './call-cost-rows.ts'
import { toCallName, toIdempotencyKey } from './call-name.ts'
import { callProvider } from './call-provider.ts'
import { getOutputIndices } from './plan.ts'
import { createFailure, isRetryable, pollCall } from './poll-call.ts'
import { createProviderRequest } from './provider-request.ts'
import { collectReceipts } from './receipts.ts'
import { adoptRequestId, deleteCallNote, recoverLostCall } from './recover-call.ts'
import { CONNECTION_FULL } from './submittable-calls.ts'

type Remote = Extract<Submitting, { kind: 'remote' }>
type Local = Extract<Submitting, { kind: 'local' }>

/**
 * Submits a call to the provider. The call is recorded before it is made, its answer is in the journal before it is read, and
 * its request id is recorded before anything waits on it: after a crash at any point the rows and the journal show what may
 * have been bought.
 */
export async function submitCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  const { submitting } = context.adapter
  if (submitting.kind === 'local') return await makeLocally(context, call, submitting)
  const { connection, model } = context.job
  const writer = await context.journal.open({ ...toCallName(context.job, call), provider: connection, model })
  try {
    if (!(await noteCall(context, call, context.journal.id))) {
      await writer.end(new ProviderError('interrupted'))
      return await leaveForLater(context, call)
    }
    await writer.markSent()
  } catch (error) {
    // The entry says that the call was not made, to the next worker as well.
    await writer.end(new ProviderError('interrupted'))
    throw error
  }
  const { maxAnswerSeconds, callsInFlight } = context
  const request = createProviderRequest(context.job, call, context.references, context.model)
  callsInFlight.send(writer, {
    deadlineMs: maxAnswerSeconds * 1_000,
    submit: signal => submitting.submit(request, { ...createCallOptions(context, call), signal }),
  })
  return await readAnswer(context, call, submitting, writer.answer)
}

/** Continues with a call whose answer is in the journal: the process that made it has ended, or was fenced out. */
export async function readJournaledCall(
  context: CallContext,
  call: JobCall,
  entry: JournalEntry,
): Promise<CallOutcome> {
  const { submitting } = context.adapter
  if (entry.state === 'refused') return await onSubmitError(context, call, entry.error)
  if (entry.state === 'answered' && submitting.kind === 'remote')
    return await readAnswer(context, call, submitting, entry.answer)
  return await recoverLostCall(context, call, { isSenderGone: false })
}

/**
 * Records a call, and asserts in another statement that the note is there: only then may the call be made.
 *
 * @returns false if as many calls of the connection are open as it allows: it is not recorded then
 */
async function noteCall(context: CallContext, call: JobCall, host: string | null): Promise<boolean> {
  const { database, job, lease } = context
  const isNoted = await lease.write(async tx => {
    if (!(await canOpenCall(tx, { ...job, call: call.call }))) return false
    await recordCall(tx, job, call, host)
    await openCallCost(tx, job, call)
    // From now on it is being made, whatever it has waited for.
    await setWaiting(tx, job, null)
    return true
  })
  if (!isNoted) return false
  await assertCallRecorded(database, job, call)
  context.onSubmit()
  await failpoint('before-submit')
  lease.signal.throwIfAborted()
  return true
}

/** Returns the outcome of a call for which its connection has no capacity, and removes its entry of the journal. */
async function leaveForLater({ job, journal }: CallContext, call: JobCall): Promise<CallOutcome> {
  await journal.remove(toCallName(job, call))
  return CONNECTION_FULL
}

function createCallOptions({ job, onProgress, livePreviews }: CallContext, call: JobCall): Omit<CallOptions, 'signal'> {
  return {
    idempotencyKey: toIdempotencyKey(job.id, call.call),
    previews: livePreviews.isWatched(job.workspaceId),
    onProgress: fraction => onProgress(call, fraction),
    onPreview: (index, bytes) =>
      livePreviews.offer({ workspaceId: job.workspaceId, generationId: job.id, index }, bytes),
  }
}

async function makeLocally(context: CallContext, call: JobCall, { make }: Local): Promise<CallOutcome> {
  if (!(await noteCall(context, call, null))) return CONNECTION_FULL
  const { signal } = context.lease
  const request = createProviderRequest(context.job, call, context.references, context.model)
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
  const receipts = collectReceipts(context.lease, toCallName(context.job, call))
  const options = { model: context.job.model, indices: getOutputIndices(call), signal, ...receipts }
  const onProgress = (fraction: number) => context.onProgress(call, fraction)
  const { id: generationId, workspaceId } = context.job
  const onPreview = (index: number, bytes: Uint8Array) =>
    context.livePreviews.offer({ workspaceId, generationId, index }, bytes)
  const read = await callProvider(context, () => readAnswer(answer, { ...options, onProgress, onPreview }))
  await receipts.save()
  if (read instanceof ProviderError) return await onAnswerError(context, call, read)
  if (read.kind === 'outputs') return await collectOutputs(context, call, read.outputs, receipts.save)
  await failpoint('answer-read')
  await failpoint('after-submit')
  if (read.handle.length > MAX_HANDLE_CHARACTERS)
    return await onAnswerError(context, call, new ProviderError('provider_misbehaved'))
  await adoptRequestId(context, call, read.handle)
  await failpoint('after-request-id')
  return await pollCall(context, { ...call, requestId: read.handle })
}

async function collectOutputs(
  context: CallContext,
  call: JobCall,
  outputs: AsyncIterable<ProviderOutput>,
  saveReceipt: () => Promise<void> = async () => {},
): Promise<CallOutcome> {
  const failed = await callProvider(context, async () => {
    for await (const output of outputs) await context.onOutput(output)
  })
  await saveReceipt()
  if (failed instanceof ProviderError) return await onAnswerError(context, call, failed)
  await failpoint('answer-read')
  return { kind: 'finished', end: 'finished' }
}

/** Deletes a call that was refused before the work began. With any other error the provider may have begun, and bill, the work. */
async function onSubmitError(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  if (error.failure === 'unknown') return await recoverLostCall(context, call, { isSenderGone: true, cause: error })
  await deleteCallNote(context, call, error.code === 'output_refused' ? 'unknown' : 'not-billed')
  // A refusal of an earlier round is not the answer to the user's retry.
  return { kind: 'failed', error, canRetry: isRetryable(error) || call.round !== context.job.round, end: null }
}

/**
 * Ends a call whose answer is an error, or breaks off. An answer that breaks off before anything of it could be used leaves the
 * outcome unknown.
 */
async function onAnswerError(context: CallContext, call: JobCall, error: ProviderError): Promise<CallOutcome> {
  if (error.failure === 'unknown' && context.adapter.submitting.kind === 'remote')
    return await onSubmitError(context, call, error)
  return createFailure(context, call, error)
}
