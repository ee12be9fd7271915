import { getFreeBytes, MIN_WRITE_BYTES } from '../runtime/disk-space.ts'
import { ProblemError } from './problem.ts'

/** Time for which one look at the disk is valid, in milliseconds. */
const REUSE_MS = 2_000
const RETRY_AFTER_SECONDS = 30
const READING_METHODS = ['GET', 'HEAD', 'OPTIONS']
const DISK_FULL =
  'The disk of the studio is nearly full, so nothing can be added or changed. Make room on it; what is made can be looked at meanwhile.'

/** Refuses requests that write while the disk is nearly full. */
export type DiskGuard = (request: Request) => Promise<void>

/**
 * Creates the guard of a data directory. A disk that cannot be examined counts as one with room.
 *
 * @param options `getFree` is for tests
 * @returns a function that throws ProblemError `disk_full`
 */
export function createDiskGuard(options: { folder: string; getFree?: (folder: string) => Promise<number> }): DiskGuard {
  const isFull = createDiskCheck(options)
  return async request => {
    if (READING_METHODS.includes(request.method)) return
    if (await isFull()) throw new ProblemError('disk_full', DISK_FULL, { retryAfterSeconds: RETRY_AFTER_SECONDS })
  }
}

/** Creates a check whether the disk has no room for anything new. It looks at the disk once in two seconds at most. */
export function createDiskCheck(options: {
  folder: string
  getFree?: (folder: string) => Promise<number>
}): () => Promise<boolean> {
  const { folder, getFree = getFreeBytes } = options
  let latest: { free: Promise<number>; at: number } | undefined
  return async () => {
    const now = performance.now()
    if (!latest || now - latest.at > REUSE_MS) {
      latest = { free: getFree(folder).catch(() => Number.POSITIVE_INFINITY), at: now }
    }
    return (await latest.free) < MIN_WRITE_BYTES
  }
}
