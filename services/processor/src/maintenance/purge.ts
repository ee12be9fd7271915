import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import type { ProcessorMetrics } from '../metrics.ts'
import { purgeGenerations, purgeReferences } from './purge-rows.ts'
import { type RemovalDeps, removeNextObjects } from './remove-objects.ts'

export interface PurgeDeps extends RemovalDeps {
  database: Database
  metrics: Pick<ProcessorMetrics, 'purged' | 'removed'>
  /** Days for which a deleted generation can be restored. */
  trashDays: number
  /** Aborted when the process is to stop. */
  signal: AbortSignal
  /** Average time between two polls, in ms. */
  pollMs?: number
  /** Time that unreferenced objects are retained; an hour unless given. */
  removeAfterSeconds?: number
}

const BATCH_SIZE = 50
const POLL_MS = 60_000

/**
 * Empties the trash until the signal is aborted: purges generations that have been in it for `trashDays` with everything
 * that belongs to them, then unreferenced reference images, and removes their objects last. Any number of processes may do so.
 */
export async function runPurge(deps: PurgeDeps): Promise<void> {
  const { log, signal, pollMs = POLL_MS } = deps
  const options = { policy: RETRY_POLICIES.maintenance, idleMs: pollMs, log, signal }
  const tasks = { purge_trash: purgeTrash, purge_references: purgeUnusedReferences, remove_objects: removeNextObjects }
  const loops = Object.entries(tasks).map(([name, task]) =>
    runForever({ ...options, name }, async () => ((await task(deps)) ? 'busy' : 'idle')),
  )
  await Promise.all(loops)
}

async function purgeTrash({ database, metrics, trashDays, removeAfterSeconds }: PurgeDeps): Promise<boolean> {
  const options = { limit: BATCH_SIZE, removeAfterSeconds }
  const purged = await transaction(database, tx => purgeGenerations(tx, trashDays, options))
  metrics.purged.inc(purged)
  return purged > 0
}

async function purgeUnusedReferences({ database, removeAfterSeconds }: PurgeDeps): Promise<boolean> {
  return (await transaction(database, tx => purgeReferences(tx, { limit: BATCH_SIZE, removeAfterSeconds }))) > 0
}
