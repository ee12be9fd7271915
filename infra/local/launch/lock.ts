import { Database } from 'bun:sqlite'
import { readErrorCode } from '../../src/runtime/error-code.ts'
import { StartError } from '../process/server-process.ts'

/**
 * Takes an exclusive lock for this process. It is an operating system lock on an open file: it ends with the process, however
 * that ends, so it is never stale.
 *
 * @param file lock file, created if missing
 * @returns a function that releases the lock; undefined if another process has it
 * @throws StartError if the file cannot be written
 */
export function lockFile(file: string): (() => void) | undefined {
  let opened: Database | undefined
  try {
    opened = new Database(file, { create: true })
    const database = opened
    database.run('pragma busy_timeout = 0')
    database.run('pragma journal_mode = memory')
    database.run('begin exclusive')
    return () => database.close()
  } catch (cause) {
    opened?.close()
    if (readErrorCode(cause) === 'SQLITE_BUSY') return undefined
    throw new StartError(`${file} cannot be written by this user. Is the folder somebody else's, or read-only?`, {
      cause,
    })
  }
}
