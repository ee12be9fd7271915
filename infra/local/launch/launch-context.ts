import type { Service } from '@darkroom/contracts/routes'
import type { Config } from '../../src/config.ts'
import type { ProcessOutput } from '../process/process-output.ts'
import type { Progress } from './progress.ts'
import type { RunRecord } from './run-file.ts'
import type { ServiceCommand } from './services.ts'
import type { Stoppable } from './supervisor.ts'

/** Differences between `bun start`, `bun dev` and the launcher of the tests. */
export interface LaunchProfile {
  services: readonly ServiceCommand[]
  /** Brings the database's tables up to date. */
  migrate: (options: { url: string; signal: AbortSignal }) => Promise<unknown>
  /** Prepares the interface: builds it, or starts a server for it and returns that. */
  prepareUi: (options: UiOptions) => Promise<UiServer | undefined>
  outputFor: (name: Service) => ProcessOutput
  /** Variables beside the settings that the services are given: of a test's own services. */
  extraVariables?: readonly string[]
}

export interface UiOptions {
  env: Record<string, string>
  signal: AbortSignal
  onMessage: (line: string) => void
}

export interface UiServer extends Stoppable {
  url: string
}

export interface StudioOptions {
  profile: LaunchProfile
  config: Config
  /** Data directory. This launcher has its lock. */
  dataDir: string
  /** Environment of the launcher. No other process is given all of it. */
  env: Record<string, string>
  progress: Progress
  signal: AbortSignal
  /** Aborted when the user does not wait for running jobs to end: processes are killed then. */
  forceSignal: AbortSignal
}

/** Dependencies that the steps of a start share. */
export interface LaunchContext extends StudioOptions {
  record: RunRecord
}

/** Slot in the order of closing, filled when the thing to be closed has started. */
export type CloseSlot = (stoppable: Stoppable) => void

/** Reserves a slot. The slot reserved first is closed last. */
export function reserveCloseSlot(stack: AsyncDisposableStack): CloseSlot {
  let occupant: Stoppable | undefined
  stack.defer(() => occupant?.stop())
  return stoppable => {
    occupant = stoppable
  }
}
