import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Config, ConfigError, dataDirectory, readConfig } from '../../src/config.ts'
import { requireOwnCluster } from '../embedded/cluster.ts'
import { PartError } from '../process/server-process.ts'
import { requireSpace } from './disk-space.ts'
import type { Blueprint } from './launch-context.ts'
import { lockFile } from './lock.ts'
import { createProgress, type Progress } from './progress.ts'
import { readRunFile } from './run-file.ts'
import { onParentGone, onStopSignals } from './stop-signals.ts'
import { type Studio, startStudio } from './studio.ts'

export interface LaunchOptions {
  env: Record<string, string | undefined>
  /** Settings that hold where the environment says nothing. */
  defaults?: Record<string, string>
  blueprint: (found: { config: Config; dataDir: string; progress: Progress }) => Blueprint
}

type Environment = Record<string, string>

/**
 * Starts a studio in this terminal and stays until somebody stops it.
 *
 * @returns the exit code: 0 after a stop that was asked for, 1 when the studio could not go on, 2 when a setting is wrong
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const env: Environment = { ...options.defaults, ...given(options.env) }
  const progress = createProgress({ write: text => process.stdout.write(text), colour: wantsColour(env) })
  try {
    const config = readConfig(env)
    const dataDir = placeOf(config, env)
    const unlock = await takeDirectory(dataDir)
    try {
      await requireOwnCluster(join(dataDir, 'postgres'))
      await requireSpace({ folder: dataDir, say: line => progress.line(`  ${line}`) })
      return await run({ blueprint: options.blueprint({ config, dataDir, progress }), config, dataDir, env, progress })
    } finally {
      unlock()
    }
  } catch (error) {
    return explain(error)
  }
}

interface RunOptions {
  blueprint: Blueprint
  config: Config
  dataDir: string
  env: Environment
  progress: Progress
}

async function run(options: RunOptions): Promise<number> {
  const { progress } = options
  const stopping = new AbortController()
  const hurrying = new AbortController()
  const stop = () => {
    progress.line('\n  Stopping …')
    stopping.abort(new PartError('The start was given up.'))
  }
  const force = () => {
    // The parts are on leashes, and are asked to stop as soon as this process is gone.
    if (hurrying.signal.aborted) process.exit(1)
    progress.line('  Stopping at once. What was under way is taken up again at the next start.')
    hurrying.abort()
  }
  onStopSignals({ stop, force })
  if (options.config.DARKROOM_PARENT_PID !== undefined) onParentGone(options.config.DARKROOM_PARENT_PID, stop)
  try {
    const studio = await startStudio({ ...options, signal: stopping.signal, hurry: hurrying.signal })
    progress.line(`\n  Darkroom is open: ${studio.url}`)
    return await stay(studio, stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    return 0
  } finally {
    if (stopping.signal.aborted) progress.line('  Stopped. Everything is kept.')
  }
}

async function stay(studio: Studio, stopping: AbortSignal): Promise<number> {
  const { promise: asked, resolve: stop } = Promise.withResolvers<void>()
  stopping.addEventListener('abort', () => stop(), { once: true })
  if (stopping.aborted) stop()
  const failed = await Promise.race([asked, studio.failed])
  await studio.stop()
  if (failed) throw failed
  return 0
}

function placeOf(config: Config, env: Environment): string {
  try {
    return resolve(dataDirectory(config, env))
  } catch (cause) {
    throw new PartError('This user has no home folder to keep data in: set DATA_DIR.', { cause })
  }
}

async function takeDirectory(dataDir: string): Promise<() => void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch(cause => {
    throw new PartError(`${dataDir} cannot be made. Set DATA_DIR to a folder that you can write to.`, { cause })
  })
  const unlock = lockFile(join(dataDir, 'lock'))
  if (unlock) return unlock
  const url = (await readRunFile(dataDir))?.url
  throw new PartError(
    url
      ? `Darkroom runs on this data already: ${url}`
      : 'Darkroom is being started or stopped on this data already. Wait a moment, or set DATA_DIR to another folder.',
  )
}

function given(env: Record<string, string | undefined>): Environment {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])))
}

/** @see https://no-color.org */
function wantsColour(env: Environment): boolean {
  return process.stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}

function explain(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`\n${message}\n`)
  return error instanceof ConfigError ? 2 : 1
}
