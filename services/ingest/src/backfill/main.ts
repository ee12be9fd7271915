import { openDatabase } from '@darkroom/infra/database/connection'
import { createDiskCheck } from '@darkroom/infra/http/disk-guard'
import { openImageDecoder } from '@darkroom/infra/images/decoder/open-image-decoder'
import { openServiceContext } from '@darkroom/infra/runtime/service-context'
import { createMigrateDeps } from './row-migration/migrate-deps.ts'
import { runBackfillWorker } from './worker.ts'

/**
 * The backfill process: ingest starts it when a backfill message waits, and it ends when it is idle. Its memory and CPU time are
 * thereby separate from those of ingest. It stops when ingest ends, which closes its standard input.
 */

const IDLE_MS = 10_000
const MB = 1024 * 1024
/** Twice the maximum concurrency of a run: two runs may be under way. */
const MAX_CONNECTIONS = 64

const context = await openServiceContext('ingest', { isBusRequired: false })
const { config, lifecycle, log, bus } = context
void stopWithParent()

const rowPool = openDatabase({
  url: config.DATABASE_URL,
  name: 'darkroom-backfill',
  connections: MAX_CONNECTIONS,
  plans: 'generic',
  log,
})
lifecycle.onClose('rows', () => rowPool.end({ timeout: 1 }))

const deps = createMigrateDeps({
  ...context,
  images: openImageDecoder(context, config.BACKFILL_MEMORY_MB),
  rowPool,
  memoryBytes: config.BACKFILL_MEMORY_MB * MB,
  signal: lifecycle.stopping,
  collectGarbage: () => Bun.gc(true),
})
const isDiskFull = createDiskCheck({ folder: config.DATA_DIR })
await runBackfillWorker({ ...deps, bus, isDiskFull }, { idleMs: IDLE_MS })
await lifecycle.stop('idle')

async function stopWithParent(): Promise<void> {
  for await (const _ of Bun.stdin.stream());
  await lifecycle.stop('ingest ended')
}
