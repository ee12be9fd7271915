import { FAILURES } from '@darkroom/contracts/failures'
import { RETRY_POLICIES, retryDelay } from '@darkroom/infra/runtime/retry-policies'
import type { ProviderError } from '../providers/adapter.ts'
import type { JobCall } from '../queue/job.ts'
import type { WaitingState } from '../queue/waiting-reason.ts'
import type { CallOutcome, CallResult } from './call-context.ts'

/** Time until a job is due again, and the reason for waiting that users see. */
export interface PollDelay {
  seconds: number
  waiting: WaitingState | null
}

export interface NextPoll {
  /** Null if nothing is left to do at the provider. */
  delay: PollDelay | null
  /** Calls that failed permanently. */
  failedCalls: FailedCall[]
  /** Whether a call is retried whose failure counts towards the limit of failures. */
  hasCountedFailure: boolean
}

/** A failed call. `canRetry` says whether it can be made again without buying the same outputs twice. */
export interface FailedCall {
  call: JobCall
  error: ProviderError
  canRetry: boolean
}

/** Longest delay before a retry, whatever the provider names. */
const MAX_DELAY_SECONDS = 3_600

/**
 * Returns when outputs that the object store did not take are tried again. They are in the journal meanwhile, or are made again.
 *
 * @param calls calls so far: the pauses grow where each try is a call of its own
 */
export function decideStorageDelay(calls: number): PollDelay {
  const seconds = retryDelay(RETRY_POLICIES.storageDown, calls) / 1_000
  return { seconds, waiting: { reason: 'storage-down', seconds: null } }
}

/**
 * Decides from the results of a generation's calls when its job is due again, and which calls have failed permanently.
 *
 * @param options `hasTriesLeft` is whether a counted failure may be retried at all
 */
export function decideNextPoll(results: CallResult[], options: { hasTriesLeft: boolean }): NextPoll {
  const failed = results.flatMap(({ call, outcome }) => (outcome.kind === 'failed' ? [{ call, ...outcome }] : []))
  const retryable = failed.filter(failure => failure.canRetry && (options.hasTriesLeft || !isCountedFailure(failure)))
  const pollDelays = results.flatMap(({ outcome }) => (outcome.kind === 'waiting' ? [toPollDelay(outcome)] : []))
  return {
    delay: combineDelays([...pollDelays, ...retryable.map(toRetryDelay)]),
    failedCalls: failed.filter(failure => !retryable.includes(failure)),
    hasCountedFailure: retryable.some(isCountedFailure),
  }
}

/**
 * Combines the delays of a generation's calls: it is due with the first of them. It waits only while none of its calls is being made; then
 * for the foremost in the provider's queue, or else for the first that is due.
 */
function combineDelays(delays: readonly PollDelay[]): PollDelay | null {
  const [first] = delays.toSorted((one, other) => one.seconds - other.seconds)
  if (!first) return null
  if (delays.some(({ waiting }) => waiting === null)) return { seconds: first.seconds, waiting: null }
  const queued = delays.filter(({ waiting }) => waiting?.reason === 'provider-queue')
  const [foremost] = queued.toSorted((one, other) => getPosition(one) - getPosition(other))
  return { seconds: first.seconds, waiting: (foremost ?? first).waiting }
}

function getPosition({ waiting }: PollDelay): number {
  return waiting?.position ?? Number.POSITIVE_INFINITY
}

function toPollDelay({ seconds, reason, position }: Extract<CallOutcome, { kind: 'waiting' }>): PollDelay {
  if (reason === null) return { seconds, waiting: null }
  return { seconds, waiting: { reason, seconds: null, ...(position !== undefined && { position }) } }
}

function toRetryDelay({ error }: FailedCall): PollDelay {
  const delaySeconds = error.retryAfterSeconds ?? retryDelay(RETRY_POLICIES.providerError, 1) / 1_000
  const seconds = Math.min(MAX_DELAY_SECONDS, delaySeconds)
  return { seconds, waiting: { reason: toWaitingReason(error), seconds } }
}

function toWaitingReason({ code }: ProviderError): WaitingState['reason'] {
  if (code === 'request_forgotten') return 'provider-restarted'
  return FAILURES[code].breaker === 'pause' ? 'rate-limited' : 'provider-down'
}

/** Returns whether a failure counts towards the limit: a provider that says when to come back is not failing. */
function isCountedFailure({ error }: FailedCall): boolean {
  return error.retryAfterSeconds === null
}
