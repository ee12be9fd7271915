import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { selectBaseEnvironment } from '../../src/base-environment.ts'
import { CommandError, runCommand } from '../process/command.ts'
import { StartError } from '../process/server-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { lockFile } from './lock.ts'

const SOURCES = [
  'frontend/{index.html,package.json,vite.config.ts}',
  'frontend/build/**/*',
  'frontend/public/**/*',
  'frontend/src/**/*',
  'contracts/src/**/*',
  'bun.lock',
]
const BUILT_FILE = 'frontend/dist/index.html'
const BUILD_TIMEOUT_MS = 180_000

/**
 * Builds the web interface if its sources are newer than the last build. A clone that this user cannot write to is used as it is.
 *
 * @param options `root` of the clone; `onMessage` is called if a build is needed
 * @throws StartError with the output of a failed build
 */
export async function buildUi(options: BuildOptions): Promise<void> {
  if (isUiBuilt(options.root) || isReadOnly(options.root)) return
  const unlock = await lockBuild(options)
  try {
    if (!isUiBuilt(options.root)) await runBuild(options)
  } finally {
    unlock()
  }
}

interface BuildOptions {
  root: string
  env: Record<string, string>
  signal: AbortSignal
  onMessage: (line: string) => void
}

/** Takes the build lock of the clone: two launchers must not build into the same folder at once. */
async function lockBuild({ root, signal }: BuildOptions): Promise<() => void> {
  const folder = join(root, '.darkroom')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const wait = { what: 'The end of another build', milliseconds: BUILD_TIMEOUT_MS, signal, intervalMs: 250 }
  return await waitUntil(async () => lockFile(join(folder, 'build.lock')), wait)
}

async function runBuild({ root, env, signal, onMessage }: BuildOptions): Promise<void> {
  onMessage('builds the interface')
  // With Bun as its runtime: Debian's Node is too old for Vite.
  const command = [process.execPath, '--no-env-file', '--bun', 'run', '--cwd', 'frontend', 'build']
  const commandOptions = {
    signal,
    cwd: root,
    env: { ...selectBaseEnvironment(env), NO_COLOR: '1' },
    milliseconds: BUILD_TIMEOUT_MS,
  }
  await runCommand(command, commandOptions).catch(error => {
    if (!(error instanceof CommandError)) throw error
    throw new StartError(`The interface could not be built. ${error.message}`, { cause: error })
  })
}

function isReadOnly(root: string): boolean {
  try {
    accessSync(join(root, 'frontend'), constants.W_OK)
    return false
  } catch {
    if (existsSync(join(root, BUILT_FILE))) return true
    throw new StartError(
      'The interface is not built, and this user cannot write there. Have `bun run build` run by its owner.',
    )
  }
}

/** Returns whether the last build is newer than every source of the interface. */
export function isUiBuilt(root: string): boolean {
  const built = join(root, BUILT_FILE)
  if (!existsSync(built)) return false
  const { mtimeMs } = statSync(built)
  return SOURCES.every(pattern =>
    [...new Bun.Glob(pattern).scanSync({ cwd: root, absolute: true })].every(file => statSync(file).mtimeMs <= mtimeMs),
  )
}
