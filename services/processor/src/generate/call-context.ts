import type { ModelSpec } from '@darkroom/contracts/model'
import type { Database } from '@darkroom/infra/database/connection'
import type { CallsInFlight } from '../answers/calls-in-flight.ts'
import type { Journal } from '../answers/journal.ts'
import type { LivePreviews } from '../live-previews/live-previews.ts'
import type { Adapter, ProviderError, ProviderOutput, ProviderReference } from '../providers/adapter.ts'
import type { CircuitBreaker } from '../queue/circuit-breaker.ts'
import type { FinalOutcome, Job, JobCall } from '../queue/job.ts'
import type { Lease } from '../queue/lease.ts'
import type { WaitingState } from '../queue/waiting-reason.ts'

/**
 * The state of a call when this worker leaves it: finished, waiting to be looked at again, or failed. A failed call may be
 * retried only where that cannot buy the same outputs twice. One that waits without a reason is being made, as far as anyone knows. `end` is recorded once the call's outputs are stored.
 */
export type CallOutcome =
  | { kind: 'finished'; end: FinalOutcome }
  | ({ kind: 'waiting'; seconds: number; reason: WaitingState['reason'] | null } & Pick<WaitingState, 'position'>)
  | { kind: 'failed'; error: ProviderError; canRetry: boolean; end: FinalOutcome | null }

/** A call and its outcome. */
export interface CallResult {
  call: JobCall
  outcome: CallOutcome
}

export interface CallContext {
  database: Database
  job: Job
  lease: Lease
  adapter: Adapter
  /** Whether the model's calls cost nothing, so that a call whose outcome is unknown may be made again. */
  isFree: boolean
  breaker: CircuitBreaker
  journal: Journal
  callsInFlight: Pick<CallsInFlight, 'send'>
  /** Times that one output may be submitted in a round while its outcome is unknown. */
  maxSubmits: number
  /** Longest time that a call may take at the provider. */
  maxCallSeconds: number
  /** Longest time until the last byte of the response to a submission. */
  maxAnswerSeconds: number
  references: readonly ProviderReference[]
  /** The model; undefined if its connection no longer lists it. */
  model: ModelSpec | undefined
  /** Called with each output as soon as it is made. */
  onOutput: (output: ProviderOutput) => Promise<void>
  /** Called with the progress of a call, from 0 to 1. */
  onProgress: (call: JobCall, fraction: number) => void
  livePreviews: Pick<LivePreviews, 'isWatched' | 'offer' | 'open'>
  /** Called when a call is being submitted. */
  onSubmit: () => void
}
