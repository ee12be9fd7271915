import type { Kind, OutputState, Status } from '@darkroom/contracts/enums'
import type { PublicParameters } from '@darkroom/contracts/parameters'

/** A claimed generation as its worker needs it, as it was at the time of the claim. */
export interface Job {
  id: string
  workspaceId: string
  /** The fence: this worker's writes count until another claim raises the number. */
  attempt: number
  /** Expired leases and retryable errors so far. */
  failures: number
  /** Number of the submission (1) or the user's retry (2 and more) that this work is for. */
  round: number
  /** `make` may submit calls; `check` only polls the calls of earlier rounds. */
  mode: 'make' | 'check'
  status: Status
  kind: Kind
  model: string
  provider: string
  prompt: string
  parameters: PublicParameters
  /** Progress at the provider, from 0 to 1. */
  progress: number | null
  outputs: JobOutput[]
  calls: JobCall[]
  /** Keys of the reference images, in order. */
  referenceKeys: string[]
}

export interface JobOutput {
  index: number
  state: OutputState
  width: number
  height: number
  providerUrl: string | null
  providerHeaders: Record<string, string> | null
}

export type FinalOutcome = 'finished' | 'failed' | 'unknown' | 'cancelled' | 'too-late'

/** One call to the provider, for `count` outputs from `firstIndex` on. */
export interface JobCall {
  call: number
  firstIndex: number
  count: number
  round: number
  requestId: string | null
  finished: boolean
  outcome: FinalOutcome | null
  /** Time since it was submitted, by the database's clock. */
  ageSeconds: number
  /** Whether the provider was asked to stop it because the user cancelled. */
  cancelRequested: boolean
  /** Attempt of the claim that made the call; null for a call of an older version. */
  attempt: number | null
  /** Journal that its answer goes to; null if there is none. */
  host: string | null
  /** Time since a processor of that host was last seen, by the database's clock. */
  hostSilentSeconds: number
}
