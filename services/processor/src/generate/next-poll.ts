import { FAILURES } from '@darkroom/contracts/failures'
import { backoff } from '@darkroom/infra/runtime/timers'
import type { ProviderError } from '../providers/provider.ts'
import type { JobCall } from '../queue/job.ts'
import type { Waiting } from '../queue/waiting-reason.ts'
import type { Called } from './provider-call.ts'

/** How long a generation is left alone, and what people are told it waits for. */
export interface Pause {
  seconds: number
  waiting: Waiting | null
}

interface Verdict {
  /** Null if the provider has nothing more to do. */
  pause: Pause | null
  /** Calls that failed for good. */
  final: Failed[]
  /** Whether something failed that counts as a failure and will be tried again. */
  isCounted: boolean
}

type Failed = { call: JobCall; error: ProviderError; mayTryAgain: boolean }

const RETRY_MS = 4_000
const LONGEST_SECONDS = 3_600

/**
 * What follows from how a generation's calls stand.
 *
 * @param options `hasTries` says whether a failure that counts may be tried again at all
 */
export function pauseAfter(called: Called[], options: { hasTries: boolean }): Verdict {
  const failed = called.flatMap(({ call, outcome }) => (outcome.kind === 'failed' ? [{ call, ...outcome }] : []))
  const again = failed.filter(failure => failure.mayTryAgain && (options.hasTries || !isCounted(failure)))
  const waits = called.flatMap(({ outcome }) => (outcome.kind === 'waiting' ? [waitOf(outcome)] : []))
  const pauses = [...waits, ...again.map(retryOf)]
  return {
    pause: pauses.length === 0 ? null : pauses.reduce((one, other) => (other.seconds < one.seconds ? other : one)),
    final: failed.filter(failure => !again.includes(failure)),
    isCounted: again.some(isCounted),
  }
}

function waitOf({ seconds, isQueued }: { seconds: number; isQueued: boolean }): Pause {
  return { seconds, waiting: isQueued ? { reason: 'provider-queue', seconds: null } : null }
}

function retryOf({ error }: Failed): Pause {
  const seconds = Math.min(
    LONGEST_SECONDS,
    error.retryAfterSeconds ?? 1 + backoff(1, { base: RETRY_MS, most: RETRY_MS }) / 1_000,
  )
  const reason = FAILURES[error.code].breaker === 'pause' ? 'rate-limited' : 'provider-down'
  return { seconds, waiting: { reason, seconds } }
}

/** A provider that says when to come back is not failing. */
function isCounted({ error }: Failed): boolean {
  return error.retryAfterSeconds === null
}
