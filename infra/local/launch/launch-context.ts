import type { Service } from '@darkroom/contracts/routes'
import type { Config } from '../../src/config.ts'
import type { Output } from '../process/process-output.ts'
import type { PartError } from '../process/server-process.ts'
import type { Progress } from './progress.ts'
import type { RunRecord } from './run-file.ts'
import type { ServiceCommand } from './services.ts'
import type { Supervised } from './supervisor.ts'

/** What `bun start` and `bun dev` do differently, and what tests put in place of the real thing. */
export interface Blueprint {
  services: readonly ServiceCommand[]
  /** Brings the database's tables up to date. */
  migrate: (options: { url: string; signal: AbortSignal }) => Promise<unknown>
  /** Has the interface ready; gives back a server if it has one of its own. */
  ui: (options: UiOptions) => Promise<UiServer | undefined>
  output: (name: Service) => Output
}

export interface UiOptions {
  env: Record<string, string>
  signal: AbortSignal
  say: (line: string) => void
  giveUp: (error: PartError) => void
}

export interface UiServer extends Supervised {
  url: string
}

export interface StudioOptions {
  blueprint: Blueprint
  config: Config
  /** Where everything is kept. Nobody else may use it. */
  dataDir: string
  /** The environment that services start from. */
  env: Record<string, string>
  progress: Progress
  signal: AbortSignal
  /** Aborted when whoever stops the studio will not wait for work to end. */
  hurry: AbortSignal
}

/** What the steps of a start share. */
export interface Site extends StudioOptions {
  record: RunRecord
  giveUp: (error: PartError) => void
}

/** A place in the order of closing, for something that is yet to be started. */
export type Hold = (running: Supervised) => void

/** What is reserved first is closed last. */
export function hold(closing: AsyncDisposableStack): Hold {
  let held: Supervised | undefined
  closing.defer(() => held?.stop())
  return running => {
    held = running
  }
}
