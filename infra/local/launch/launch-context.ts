import type { Service } from '@darkroom/contracts/routes'
import type { Config } from '../../src/config.ts'
import type { ProcessOutput } from '../process/process-output.ts'
import type { StartError } from '../process/server-process.ts'
import type { Progress } from './progress.ts'
import type { RunRecord } from './run-file.ts'
import type { ServiceCommand } from './services.ts'
import type { Stoppable } from './supervisor.ts'

/** What `bun start` and `bun dev` do differently, and what tests put in place of the real thing. */
export interface LaunchProfile {
  services: readonly ServiceCommand[]
  /** Brings the database's tables up to date. */
  migrate: (options: { url: string; signal: AbortSignal }) => Promise<unknown>
  /** Has the interface ready; gives back a server if it has one of its own. */
  prepareUi: (options: UiOptions) => Promise<UiServer | undefined>
  outputFor: (name: Service) => ProcessOutput
}

export interface UiOptions {
  env: Record<string, string>
  signal: AbortSignal
  onMessage: (line: string) => void
  onFatal: (error: StartError) => void
}

export interface UiServer extends Stoppable {
  url: string
}

export interface StudioOptions {
  profile: LaunchProfile
  config: Config
  /** Where everything is kept. Nobody else may use it. */
  dataDir: string
  /** The environment that services start from. */
  env: Record<string, string>
  progress: Progress
  signal: AbortSignal
  /** Aborted when whoever stops the studio will not wait for work to end. */
  forceSignal: AbortSignal
}

/** What the steps of a start share. */
export interface LaunchContext extends StudioOptions {
  record: RunRecord
  onFatal: (error: StartError) => void
}

/** A place in the order of closing, for something that is yet to be started. */
export type CloseSlot = (stoppable: Stoppable) => void

/** What is reserved first is closed last. */
export function reserveCloseSlot(stack: AsyncDisposableStack): CloseSlot {
  let occupant: Stoppable | undefined
  stack.defer(() => occupant?.stop())
  return stoppable => {
    occupant = stoppable
  }
}
