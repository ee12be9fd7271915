import type { Database } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import type { Store } from '@darkroom/infra/store/store'
import type { MoveDeps } from './migrate-row.ts'

interface Given {
  database: Database
  /** A pool of its own: one connection for each row that is worked on. */
  rows: Database
  store: Store
  log: Log
  /** For pictures, all together. */
  memoryBytes: number
  signal: AbortSignal
  collect?: () => void
}

/** What all rows of one process share. @param given `collect` if whoever calls has a process of its own */
export function moveDeps({ memoryBytes, collect, ...given }: Given): MoveDeps {
  return {
    ...given,
    budget: createByteBudget(memoryBytes, collect && { collect }),
    inFlight: new Map(),
    atStep: () => {},
  }
}
