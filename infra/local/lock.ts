import { Database } from 'bun:sqlite'
import { join } from 'node:path'

/**
 * Takes a data directory for this process. The lock is the operating system's on an open file: it ends with the process,
 * however that ends, so it is never stale.
 *
 * @returns gives it back; undefined if another process has it
 */
export function lockDirectory(directory: string): (() => void) | undefined {
  const file = new Database(join(directory, 'lock'), { create: true })
  try {
    file.run('pragma busy_timeout = 0')
    file.run('pragma journal_mode = memory')
    file.run('begin exclusive')
    return () => file.close()
  } catch (error) {
    file.close()
    if (isBusy(error)) return undefined
    throw error
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY'
}
