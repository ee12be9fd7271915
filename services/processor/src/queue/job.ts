import type { Kind, OutputState, Status } from '@darkroom/contracts/enums'
import type { InputRole } from '@darkroom/contracts/model'
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
  /** `make` may submit calls; `check` only polls those that were made: of earlier rounds, or of a connection that was removed. */
  mode: 'make' | 'check'
  status: Status
  kind: Kind
  model: string
  connection: string
  prompt: string
  parameters: PublicParameters
  /** Verb by which it goes on from an output of another generation; null if it does not. */
  verb: string | null
  /** Progress at the provider, from 0 to 1. */
  progress: number | null
  outputs: JobOutput[]
  calls: JobCall[]
  references: JobReference[]
  /** Estimated price of one output in micro-units; null if it is unknown. */
  outputMicros: number | null
  currency: string
}

/** An input image of a generation, in the order in which they were sent. */
export interface JobReference {
  key: string
  role: InputRole
}

export interface JobOutput {
  index: number
  state: OutputState
  width: number
  height: number
  providerUrl: string | null
  /** URL of the provider's image of a video. */
  posterUrl: string | null
  needsAuth: boolean
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
