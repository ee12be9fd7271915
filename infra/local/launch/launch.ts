import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Config, ConfigError, readConfig, resolveDataDir } from '../../src/config.ts'
import { assertClusterOwner } from '../embedded/cluster.ts'
import { findNpxChain } from '../process/ancestors.ts'
import { StartError } from '../process/server-process.ts'
import { assertDiskSpace } from './disk-space.ts'
import type { LaunchProfile } from './launch-context.ts'
import { lockFile } from './lock.ts'
import { createProgress, type Progress } from './progress.ts'
import { describeMode } from './restored-mode.ts'
import { readRunFile } from './run-file.ts'
import { listenForStopSignals, watchParents } from './stop-signals.ts'
import { type Studio, startStudio } from './studio.ts'

export interface LaunchOptions {
  env: Record<string, string | undefined>
  /** Settings used where the environment has none. */
  defaults?: Record<string, string>
  createProfile: (found: { config: Config; dataDir: string; progress: Progress }) => LaunchProfile
}

type Environment = Record<string, string>

/**
 * Starts a studio in this terminal and runs until it is stopped.
 *
 * @returns the exit code: 0 after a requested stop, 1 when the studio could not be started, 2 when a setting is invalid
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const env: Environment = { ...options.defaults, ...omitEmptyValues(options.env) }
  // A studio does not end because the terminal, or the file, that it writes to cannot be written.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const progress = createProgress({ write: text => process.stdout.write(text), color: isColorEnabled(env) })
  try {
    const config = readConfig(env)
    const dataDir = requireDataDir(config, env)
    const unlock = await lockDataDir(dataDir)
    try {
      await assertClusterOwner(join(dataDir, 'postgres'))
      await assertDiskSpace({ folder: dataDir, onMessage: line => progress.line(`  ${line}`) })
      return await runStudio({
        profile: options.createProfile({ config, dataDir, progress }),
        config,
        dataDir,
        env,
        progress,
      })
    } finally {
      unlock()
    }
  } catch (error) {
    return reportError(error)
  }
}

interface RunOptions {
  profile: LaunchProfile
  config: Config
  dataDir: string
  env: Environment
  progress: Progress
}

async function runStudio(options: RunOptions): Promise<number> {
  const { progress } = options
  const stopping = new AbortController()
  const forcing = new AbortController()
  const stop = () => {
    progress.line('\n  Stopping …')
    stopping.abort(new StartError('The start was given up.'))
  }
  const force = () => {
    // The watchdog of each process stops it when this process is gone.
    if (forcing.signal.aborted) process.exit(1)
    progress.line('  Stopping at once. What was under way is taken up again at the next start.')
    forcing.abort()
  }
  listenForStopSignals({ onStop: stop, onForceStop: force })
  watchParents({ npx: findNpxChain(), pid: options.config.DARKROOM_PARENT_PID }, stop)
  try {
    const studio = await startStudio({ ...options, signal: stopping.signal, forceSignal: forcing.signal })
    progress.line(`\n  Darkroom is open: ${studio.url}`)
    for (const line of studio.missing) progress.line(`  ${line}`)
    const mode = await describeMode(options.dataDir)
    if (mode) progress.line(`  ${mode}`)
    // What the start needed is given back: from now on this process does next to nothing.
    Bun.gc(true)
    await runUntilStopped(studio, stopping.signal)
    return 0
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    return 0
  } finally {
    if (stopping.signal.aborted) progress.line('  Stopped. Everything is kept.')
  }
}

async function runUntilStopped(studio: Studio, stopping: AbortSignal): Promise<void> {
  const { promise: stopRequested, resolve: stop } = Promise.withResolvers<void>()
  stopping.addEventListener('abort', () => stop(), { once: true })
  if (stopping.aborted) stop()
  await stopRequested
  await studio.stop()
}

function requireDataDir(config: Config, env: Environment): string {
  try {
    return resolve(resolveDataDir(config, env))
  } catch (cause) {
    throw new StartError('This user has no home folder to keep data in: set DATA_DIR.', { cause })
  }
}

async function lockDataDir(dataDir: string): Promise<() => void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch(cause => {
    throw new StartError(`${dataDir} cannot be made. Set DATA_DIR to a folder that you can write to.`, { cause })
  })
  const unlock = lockFile(join(dataDir, 'lock'))
  if (unlock) return unlock
  const url = (await readRunFile(dataDir))?.url
  throw new StartError(
    url
      ? `Darkroom runs on this data already: ${url}`
      : 'Darkroom is being started or stopped on this data already. Wait a moment, or set DATA_DIR to another folder.',
  )
}

function omitEmptyValues(env: Record<string, string | undefined>): Environment {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])))
}

/** @see https://no-color.org */
function isColorEnabled(env: Environment): boolean {
  return process.stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}

function reportError(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`\n${message}\n`)
  return error instanceof ConfigError ? 2 : 1
}
