import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError, runCommand } from './command.ts'
import { PartError } from './part.ts'

const SOURCES = [
  'frontend/{index.html,package.json,vite.config.ts}',
  'frontend/src/**/*',
  'contracts/src/**/*',
  'bun.lock',
]
const BUILD_MS = 180_000

/**
 * Builds the web interface if it has not been built since its sources changed.
 *
 * @param options `root` of the clone; `say` is told if a build is needed
 * @throws PartError with what the build said
 */
export async function buildUi(options: {
  root: string
  env: Record<string, string>
  signal: AbortSignal
  say: (line: string) => void
}): Promise<void> {
  const { root, env, signal, say } = options
  if (isBuilt(root)) return
  say('builds the interface')
  // With Bun as its runtime: Debian's Node is too old for Vite.
  const command = [process.execPath, '--bun', 'run', '--cwd', 'frontend', 'build']
  const place = { signal, cwd: root, env: { ...env, NO_COLOR: '1' }, milliseconds: BUILD_MS }
  await runCommand(command, place).catch(error => {
    if (!(error instanceof CommandError)) throw error
    throw new PartError(`The interface could not be built. ${error.message}`, { cause: error })
  })
}

function isBuilt(root: string): boolean {
  const built = join(root, 'frontend/dist/index.html')
  if (!existsSync(built)) return false
  const { mtimeMs } = statSync(built)
  return SOURCES.every(pattern =>
    [...new Bun.Glob(pattern).scanSync({ cwd: root, absolute: true })].every(file => statSync(file).mtimeMs <= mtimeMs),
  )
}
