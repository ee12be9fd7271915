import type { WireFake } from '../../testing/provider-fakes/wire-fake.ts'

/** A fake provider. */
export interface KitFake extends WireFake {
  /** Polls until a call is finished, of a provider whose calls are polled. */
  setPolls?(polls: number): void
}

/** An adapter, in one way of its use, and the fake of its provider. */
export interface KitSubject {
  name: string
  /** Id of its connection, which comes from the environment. */
  connection: string
  settings: Record<string, unknown>
  /** Whether a call is answered with an id, by which it is polled. */
  isPolled: boolean
  /** Whether its calls cost nothing, so that one whose outcome is unknown is made again. */
  isFree: boolean
  /** Whether a call has an id of ours, by which it is found again when its answer was lost. */
  isFound?: boolean
  /** Whether nothing is ever on its invoice. */
  isUnbilled?: boolean
  /** Outputs of one call; 1 unless given. */
  outputsPerCall?: number
  /** Paths of the requests that poll and cancel a call. A cancel is a POST unless its method is given. */
  paths?: { poll: string; cancel: string; cancelMethod?: string }
  /** The error of a prompt that the provider does not take; `content_refused` unless given. */
  refusal?: string
  /** Text of a submission that has reference images. */
  referenceMark: string
  /** Model of submissions with reference images, of a connection whose first model takes none. */
  referenceModel?: string
  /** Prepares the studio before its models are listed. */
  prepare?(studio: { dataDir: string }): Promise<void>
  startFake(): Promise<KitFake>
  /** Returns the settings that make its connection. */
  createEnv(fake: { url: string; key: string }): Record<string, string>
}
