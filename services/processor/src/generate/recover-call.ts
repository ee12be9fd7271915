import { FAILURES } from '@darkroom/contracts/failures'
import type { ModelSpec } from '@darkroom/contracts/model'
import { isTransientDbError } from '@darkroom/infra/database/errors'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { deleteCall, noteRequestId } from '../answers/call-rows.ts'
import { type Adapter, MAX_HANDLE_CHARACTERS, ProviderError, type RecoverResult } from '../providers/adapter.ts'
import type { JobCall } from '../queue/job.ts'
import type { CallContext, CallOutcome } from './call-context.ts'
import { type CostOutcome, endCallCost } from './call-cost-rows.ts'
import { toCallName, toIdempotencyKey } from './call-name.ts'
import { callProvider } from './call-provider.ts'
import { canResubmit } from './plan.ts'
import { pollCall } from './poll-call.ts'

/** A call that the provider does not have may still be on its way to it for this long. */
const IN_TRANSIT_SECONDS = 10
/** Time until the provider is asked again after an error. */
const RETRY_SECONDS = 5
/** After this the outcome of a call is unknown, if its provider could not be asked. */
const MAX_RECOVERY_SECONDS = 600

/** A call whose answer was lost. */
interface LostCall {
  idempotencyKey: string
  ageSeconds: number
}

/** Returns whether the provider can be asked for a call by its idempotency key. */
export function canRecover({ submitting }: Pick<Adapter, 'submitting'>, model: ModelSpec | undefined): boolean {
  return submitting.kind === 'remote' && submitting.recover !== undefined && model?.resume === 'own-id'
}

/**
 * Asks the provider for a call whose answer was lost.
 *
 * @throws ProviderError while it is worth to ask again
 */
export async function findLostCall(
  { submitting }: Pick<Adapter, 'submitting'>,
  { idempotencyKey, ageSeconds }: LostCall,
  signal: AbortSignal,
): Promise<RecoverResult> {
  const recover = submitting.kind === 'remote' ? submitting.recover : undefined
  const result = await recover?.(idempotencyKey, ageSeconds, signal).catch(error => {
    if (error instanceof ProviderError && (isFinal(error) || ageSeconds > MAX_RECOVERY_SECONDS)) return undefined
    throw error
  })
  if (result === undefined) return { kind: 'cannot-tell' }
  return result.kind === 'found' && result.handle.length > MAX_HANDLE_CHARACTERS ? { kind: 'cannot-tell' } : result
}

/** Returns whether the provider answers every look-up so, also after a user has mended the connection. */
function isFinal({ code, failure }: ProviderError): boolean {
  return failure === 'permanent' && FAILURES[code].breaker !== 'check'
}

/**
 * Continues with a call whose answer was lost. Where the provider has it, it is polled; where the provider never had it, its note is
 * removed, and it may be submitted again. Otherwise its outcome is unknown.
 *
 * @param options `isSenderGone`: the process that sent it can send nothing more; `cause`: the error by which the answer was lost
 */
export async function recoverLostCall(
  context: CallContext,
  call: JobCall,
  options: { isSenderGone: boolean; cause?: unknown },
): Promise<CallOutcome> {
  const { adapter, model, job, lease } = context
  const unknown = createUnknownOutcome(context, call, options.cause)
  if (!canRecover(adapter, model)) return unknown
  const lost = { idempotencyKey: toIdempotencyKey(job.id, call.call), ageSeconds: call.ageSeconds }
  const result = await callProvider(context, () => findLostCall(adapter, lost, lease.signal))
  if (result instanceof ProviderError) return createWait(result.retryAfterSeconds ?? RETRY_SECONDS)
  if (result.kind === 'found') return await adoptFoundCall(context, call, result.handle)
  if (result.kind === 'cannot-tell' || !options.isSenderGone) return unknown
  if (call.ageSeconds < IN_TRANSIT_SECONDS) return createWait(RETRY_SECONDS)
  return await removeUntakenCall(context, call)
}

async function adoptFoundCall(context: CallContext, call: JobCall, handle: string): Promise<CallOutcome> {
  await adoptRequestId(context, call, handle)
  await failpoint('after-request-id')
  return await pollCall(context, { ...call, requestId: handle })
}

/** Ends a call that the provider never had. A check submits nothing, so nothing more comes of it then. */
async function removeUntakenCall(context: CallContext, call: JobCall): Promise<CallOutcome> {
  await deleteCallNote(context, call, 'not-billed')
  const canRetry = context.job.mode === 'make'
  const error = new ProviderError(canRetry ? 'provider_unreachable' : 'request_unknown')
  return { kind: 'failed', error, canRetry, end: null }
}

/** Returns the outcome of a call that may or may not have been accepted. Another one is made only where the limits allow it. */
function createUnknownOutcome(
  { job, isFree, maxSubmits, adapter, model }: CallContext,
  call: JobCall,
  cause: unknown,
): CallOutcome {
  const error = new ProviderError('unknown_outcome', { cause })
  const canRetry = job.mode === 'make' && (isFree || canResubmit(job, call, { maxSubmits }))
  // The plan ends other calls: it would ask about this one again.
  const end = canRetry && canRecover(adapter, model) ? 'unknown' : null
  return { kind: 'failed', error, canRetry, end }
}

function createWait(seconds: number): CallOutcome {
  return { kind: 'waiting', seconds, reason: 'recovering' }
}

/** Records a request id as soon as the database takes it, and removes the answer that it came with. */
export async function adoptRequestId(context: CallContext, call: JobCall, requestId: string): Promise<void> {
  const { database, job, lease, journal } = context
  const name = toCallName(job, call)
  const options = { policy: RETRY_POLICIES.noteAnswer, signal: lease.signal, isRetryable: isTransientDbError }
  const isNoted = await retry(() => noteRequestId(database, name, requestId), options)
  if (!isNoted) throw new Error(`call ${call.call} of generation ${job.id} has another request id, or no row`)
  await failpoint('before-journal-remove')
  await journal.remove(name)
}

/** Deletes the note of a call that was refused, or never taken, and its answer. Its number may be used again. */
export async function deleteCallNote(context: CallContext, call: JobCall, outcome: CostOutcome): Promise<void> {
  const { job, lease, journal } = context
  const name = toCallName(job, call)
  await lease.write(async tx => {
    await deleteCall(tx, job, call)
    await endCallCost(tx, name, outcome)
  })
  await journal.remove(name)
}
