import { openDatabase } from '@darkroom/infra/database/connection'
import { openGround } from '@darkroom/infra/runtime/service-context'
import { moveDeps } from './deps.ts'
import { workOnBackfills } from './worker.ts'

/**
 * The process that backfills are worked on in. Ingest starts it when something is asked and it ends when nothing is, so that
 * what it takes of memory and time is nobody else's. It stops with ingest, whose end of its standard input is open until then.
 */

const IDLE_MS = 10_000
const MB = 1024 * 1024
/** As many as a run may ask for, twice: two runs may be under way. */
const MOST_ROWS = 64

const ground = await openGround('ingest', { busIsVital: false })
const { config, lifecycle, log, bus } = ground
void stopWithParent()

const rows = openDatabase({ url: config.DATABASE_URL, name: 'darkroom-backfill', connections: MOST_ROWS, log })
lifecycle.onClose('rows', () => rows.end({ timeout: 1 }))

const deps = moveDeps({
  ...ground,
  rows,
  memoryBytes: config.BACKFILL_MEMORY_MB * MB,
  signal: lifecycle.stopping,
  collect: () => Bun.gc(true),
})
await workOnBackfills({ ...deps, bus }, { idleMs: IDLE_MS })
await lifecycle.stop('nothing to do')

async function stopWithParent(): Promise<void> {
  for await (const _ of Bun.stdin.stream());
  await lifecycle.stop('ingest is gone')
}
