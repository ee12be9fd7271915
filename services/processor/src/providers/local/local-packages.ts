import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readInstallEnvironment } from '@darkroom/infra/config'
import type { Log } from '@darkroom/infra/log'
import { untilAborted } from '@darkroom/infra/runtime/timers'
import { ProviderError } from '../adapter.ts'
import { createInstallError } from './install-errors.ts'

/** The packages that upscale on this machine. They are no part of the studio's own: they are installed when they are first needed. */
export interface LocalPackages {
  /**
   * Installs the packages where they are missing. One installation serves all who wait for it, and goes on when they leave.
   *
   * @returns their folder
   * @throws ProviderError with a sentence for users; the signal's reason
   */
  install(signal: AbortSignal): Promise<string>
}

export interface LocalPackagesOptions {
  /** Folder into which the packages are installed, in a folder of their version. */
  directory: string
  log: Log
  /** Ends an installation that is under way. */
  signal: AbortSignal
  /** Folder with the list of the packages; those of an image of the studio are installed beside it. */
  source?: string
  /** Environment of the installation. */
  env?: Record<string, string>
}

const SOURCE = join(import.meta.dirname, '..', '..', '..', 'local-models')
const FILES = ['package.json', 'bun.lock', 'bunfig.toml'] as const
/** A file of each package, without which an installation is not complete. */
const NEEDED = [
  '@tensorflow/tfjs-core/package.json',
  '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
  '@upscalerjs/esrgan-slim/models/x4/model.json',
] as const
const VERSION_CHARACTERS = 16
const DEADLINE_MS = 600_000
const DAY_MS = 86_400_000
const TEMPORARY_PREFIX = 'installing-'

/** Opens the packages. Nothing is installed yet. */
export function openLocalPackages({ source = SOURCE, ...options }: LocalPackagesOptions): LocalPackages {
  let running: Promise<string> | undefined
  return {
    install: async signal => {
      signal.throwIfAborted()
      if (isComplete(source)) return source
      running ??= installVersion(source, options).finally(() => {
        running = undefined
      })
      // Prevents an unhandled-rejection crash when all who waited have left.
      running.catch(() => {})
      return await untilAborted(running, signal)
    },
  }
}

function isComplete(folder: string): boolean {
  return NEEDED.every(file => existsSync(join(folder, 'node_modules', file)))
}

/** Installs into a temporary folder, which is given its name when it is complete. @returns the folder */
async function installVersion(source: string, options: Omit<LocalPackagesOptions, 'source'>): Promise<string> {
  const { directory, log, signal } = options
  const version = await computeVersion(source)
  const target = join(directory, version)
  if (isComplete(target)) {
    await removeAbandoned(directory).catch(err => log.warn({ err, directory }, 'old_local_packages_not_removed'))
    return target
  }
  try {
    await mkdir(directory, { recursive: true })
    const folder = await mkdtemp(join(directory, TEMPORARY_PREFIX))
    try {
      for (const file of FILES) await copyFile(join(source, file), join(folder, file))
      await runInstall(folder, options)
      // One that is not complete is in the way, and one that another process has just installed is as good.
      if (!isComplete(target)) await rm(target, { recursive: true, force: true })
      await rename(folder, target).catch(error => {
        if (!isComplete(target)) throw error
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    // Another process may do the same at this moment.
    await removeOthers(directory, version).catch(err => log.warn({ err, directory }, 'old_local_packages_not_removed'))
    log.info({ directory: target }, 'local_packages_installed')
    return target
  } catch (err) {
    if (signal.aborted) throw new ProviderError('interrupted')
    log.warn({ err, directory }, 'local_packages_not_installed')
    throw createInstallError(err)
  }
}

/** Returns the name of the folder of the packages, which differs when one of them has another version. */
async function computeVersion(source: string): Promise<string> {
  const hasher = new Bun.CryptoHasher('sha256')
  for (const file of FILES) hasher.update(await readFile(join(source, file)))
  return hasher.digest('hex').slice(0, VERSION_CHARACTERS)
}

/** Runs `bun install` as the lock file has it, from the registry that the user has configured, without the scripts of any package. */
async function runInstall(
  folder: string,
  { signal, env = readInstallEnvironment() }: Pick<LocalPackagesOptions, 'signal' | 'env'>,
): Promise<void> {
  const flags = ['--frozen-lockfile', '--ignore-scripts', '--production', '--no-progress', '--no-summary']
  const child = Bun.spawn([process.execPath, 'install', ...flags], {
    cwd: folder,
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    killSignal: 'SIGKILL',
  })
  const output = await new Response(child.stderr).text()
  if ((await child.exited) === 0 && isComplete(folder)) return
  throw new Error(output.trim() || `bun install ended with ${child.exitCode ?? child.signalCode}`)
}

/** Removes the packages of other versions, and what installations have left. */
async function removeOthers(directory: string, version: string): Promise<void> {
  const names = await readdir(directory)
  const others = names.filter(name => name !== version && !name.startsWith(TEMPORARY_PREFIX))
  for (const name of others) await rm(join(directory, name), { recursive: true, force: true })
  await removeAbandoned(directory)
}

/** Removes what an installation has left whose process was killed. What another process may be installing stays for a day. */
async function removeAbandoned(directory: string): Promise<void> {
  const folders = (await readdir(directory)).filter(name => name.startsWith(TEMPORARY_PREFIX))
  for (const name of folders) {
    const folder = join(directory, name)
    const age = Date.now() - (await stat(folder)).mtimeMs
    if (age > DAY_MS) await rm(folder, { recursive: true, force: true })
  }
}
