import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import type { Store } from '@darkroom/infra/store/store'
import type { MigrateDeps } from './migrate-row.ts'

interface MigrateDepsOptions {
  database: Database
  /** A pool of its own: one connection for each row that is worked on. */
  rowPool: Database
  store: Store
  log: Log
  /** For pictures, all together. */
  memoryBytes: number
  signal: AbortSignal
  collectGarbage?: () => void
}

/** What all rows of one process share. @param given `collectGarbage` if whoever calls has a process of its own */
export function createMigrateDeps({ memoryBytes, collectGarbage, ...given }: MigrateDepsOptions): MigrateDeps {
  return {
    ...given,
    budget: createByteBudget(memoryBytes, collectGarbage && { collectGarbage }),
    inFlight: new Map(),
    onFailpoint: () => {},
  }
}
