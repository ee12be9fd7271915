import type { Database } from '@darkroom/infra/database/connection'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import type { Log } from '@darkroom/infra/log'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import type { Store } from '@darkroom/infra/store/store'
import type { MigrateDeps } from './migrate-row.ts'

interface MigrateDepsOptions {
  database: Database
  /** Pool of its own, with a connection for each row that is migrated at once. */
  rowPool: Database
  store: Store
  images: ImageDecoder
  log: Log
  /** Memory for all images together, in bytes. */
  memoryBytes: number
  signal: AbortSignal
  collectGarbage?: () => void
}

/**
 * Creates the dependencies that all rows of a process share.
 *
 * @param options `collectGarbage` only in a process of its own: it blocks the process
 */
export function createMigrateDeps(options: MigrateDepsOptions): MigrateDeps & Pick<MigrateDepsOptions, 'store'> {
  const { memoryBytes, collectGarbage, ...deps } = options
  return {
    ...deps,
    budget: createByteBudget(memoryBytes, collectGarbage && { collectGarbage }),
    inFlight: new Map(),
    onFailpoint: () => {},
  }
}
