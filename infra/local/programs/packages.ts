import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a clone needs before anything else of it can run. Built-ins only, as in the bootstrap. */

export const MIN_BUN_VERSION = '1.4.0'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const STAMP_FILE = join(ROOT, 'node_modules', '.darkroom-lock')

/** Whether the packages are those that the lock file says. */
export function isInstalled(): boolean {
  return existsSync(STAMP_FILE) && readFileSync(STAMP_FILE, 'utf8') === hashLockFile()
}

/**
 * Installs the packages as the lock file says.
 *
 * @returns how it went: `ready` when everything was there already, in a clone that cannot be written to
 */
export function installPackages(): 'done' | 'ready' | 'failed' {
  process.stdout.write('Installing packages …\n')
  const done = spawnSync(process.execPath, ['install', '--frozen-lockfile'], { cwd: ROOT, encoding: 'utf8' })
  if (done.status !== 0) process.stderr.write(`${done.stdout}${done.stderr}`)
  if (done.status !== 0) return 'failed'
  return writeStamp() ? 'done' : 'ready'
}

function writeStamp(): boolean {
  try {
    writeFileSync(STAMP_FILE, hashLockFile())
    return true
  } catch {
    return false
  }
}

function hashLockFile(): string {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'bun.lock')))
    .digest('hex')
}
