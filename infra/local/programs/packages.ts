import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../root.ts'

/** Installation of a clone's packages. Built-ins only, as in the bootstrap. */

export const MIN_BUN_VERSION = '1.4.0'

const STAMP_FILE = join(ROOT, 'node_modules', '.darkroom-lock')

/** Returns whether the installed packages are those of the lock file. */
export function isInstalled(): boolean {
  return existsSync(STAMP_FILE) && readFileSync(STAMP_FILE, 'utf8') === hashLockFile()
}

/**
 * Installs the packages of the lock file.
 *
 * @returns `ready` if they were installed already, in a clone that this user cannot write to
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
