import type { Kind, OutputState, Status } from '@darkroom/contracts/enums'
import type { PublicParameters } from '@darkroom/contracts/parameters'

/** A generation as the one who works on it needs it, as it was when it was claimed. */
export interface Job {
  id: string
  workspaceId: string
  /** The fence: this worker may write as long as no other has claimed the generation. */
  attempt: number
  failures: number
  /** What a person asks for once: the submission, then each retry. */
  round: number
  /** `check` only asks the provider about what was bought before. */
  mode: 'make' | 'check'
  status: Status
  kind: Kind
  model: string
  provider: string
  prompt: string
  parameters: PublicParameters
  /** How far the provider had come, as a fraction. */
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
  /** Since it was submitted, by the database's clock. */
  ageSeconds: number
  /** Whether the provider was asked to stop it, because a person cancelled. */
  stopAsked: boolean
}
