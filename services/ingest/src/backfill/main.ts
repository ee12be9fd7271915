import { openDatabase } from '@darkroom/infra/database/connection'
import { openServiceContext } from '@darkroom/infra/runtime/service-context'
import { createMigrateDeps } from './row-migration/migrate-deps.ts'
import { runBackfillWorker } from './worker.ts'

/**
 * The process that backfills are worked on in. Ingest starts it when something is asked and it ends when nothing is, so that
 * what it takes of memory and time is nobody else's. It stops with ingest, whose end of its standard input is open until then.
 */

const IDLE_MS = 10_000
const MB = 1024 * 1024
/** As many as a run may ask for, twice: two runs may be under way. */
const MAX_CONNECTIONS = 64

const context = await openServiceContext('ingest', { isBusRequired: false })
const { config, lifecycle, log, bus } = context
void stopWithParent()

const rows = openDatabase({ url: config.DATABASE_URL, name: 'darkroom-backfill', connections: MAX_CONNECTIONS, log })
lifecycle.onClose('rows', () => rows.end({ timeout: 1 }))

const deps = createMigrateDeps({
  ...context,
  rowPool: rows,
  memoryBytes: config.BACKFILL_MEMORY_MB * MB,
  signal: lifecycle.stopping,
  collectGarbage: () => Bun.gc(true),
})
await runBackfillWorker({ ...deps, bus }, { idleMs: IDLE_MS })
await lifecycle.stop('nothing to do')

async function stopWithParent(): Promise<void> {
  for await (const _ of Bun.stdin.stream());
  await lifecycle.stop('ingest is gone')
}
