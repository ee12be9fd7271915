import { FAILURES } from '@darkroom/contracts/failures'
import { backoff } from '@darkroom/infra/runtime/timers'
import type { ProviderError } from '../providers/provider.ts'
import type { JobCall } from '../queue/job.ts'
import type { WaitingState } from '../queue/waiting-reason.ts'
import type { CallResult } from './provider-call.ts'

/** How long a generation is left alone, and what people are told it waits for. */
export interface PollDelay {
  seconds: number
  waiting: WaitingState | null
}

interface NextPoll {
  /** Null if the provider has nothing more to do. */
  delay: PollDelay | null
  /** Calls that failed for good. */
  failedCalls: FailedCall[]
  /** Whether something failed that counts as a failure and will be tried again. */
  hasCountedFailure: boolean
}

type FailedCall = { call: JobCall; error: ProviderError; canRetry: boolean }

const RETRY_MS = 4_000
const MAX_DELAY_SECONDS = 3_600

/**
 * What follows from how a generation's calls stand.
 *
 * @param options `hasTries` says whether a failure that counts may be tried again at all
 */
export function decideNextPoll(results: CallResult[], options: { hasTriesLeft: boolean }): NextPoll {
  const failed = results.flatMap(({ call, outcome }) => (outcome.kind === 'failed' ? [{ call, ...outcome }] : []))
  const retryable = failed.filter(failure => failure.canRetry && (options.hasTriesLeft || !isCountedFailure(failure)))
  const pollDelays = results.flatMap(({ outcome }) => (outcome.kind === 'waiting' ? [toPollDelay(outcome)] : []))
  const delays = [...pollDelays, ...retryable.map(toRetryDelay)]
  return {
    delay: delays.length === 0 ? null : delays.reduce((one, other) => (other.seconds < one.seconds ? other : one)),
    failedCalls: failed.filter(failure => !retryable.includes(failure)),
    hasCountedFailure: retryable.some(isCountedFailure),
  }
}

function toPollDelay({ seconds, isQueued }: { seconds: number; isQueued: boolean }): PollDelay {
  return { seconds, waiting: isQueued ? { reason: 'provider-queue', seconds: null } : null }
}

function toRetryDelay({ error }: FailedCall): PollDelay {
  const seconds = Math.min(
    MAX_DELAY_SECONDS,
    error.retryAfterSeconds ?? 1 + backoff(1, { base: RETRY_MS, most: RETRY_MS }) / 1_000,
  )
  const reason = FAILURES[error.code].breaker === 'pause' ? 'rate-limited' : 'provider-down'
  return { seconds, waiting: { reason, seconds } }
}

/** A provider that says when to come back is not failing. */
function isCountedFailure({ error }: FailedCall): boolean {
  return error.retryAfterSeconds === null
}
