import { type AdaptiveBatches, createAdaptiveBatches } from '@darkroom/infra/database/adaptive-batch'
import type { Database } from '@darkroom/infra/database/connection'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import type { Store } from '@darkroom/infra/store/store'
import type { ProcessorMetrics } from '../metrics.ts'
import { purgeGenerations, purgeOutputs, purgeReferences } from './purge-rows.ts'
import { createRemovalGuard } from './removal-guard.ts'
import { type RemovalDeps, removeNextObjects } from './remove-objects.ts'

export interface PurgeDeps extends Omit<RemovalDeps, 'mayRemove'> {
  store: Pick<Store, 'get' | 'list' | 'remove'>
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
 * that belongs to them, single outputs that were deleted as long ago, then unreferenced reference images, and removes their objects
 * last. Any number of processes may do so.
 */
export async function runPurge(deps: PurgeDeps): Promise<void> {
  const { log, signal, pollMs = POLL_MS } = deps
  const options = { policy: RETRY_POLICIES.maintenance, idleMs: pollMs, log, signal }
  const createBatches = () => createAdaptiveBatches(deps.database, { maxSize: BATCH_SIZE, signal })
  const mayRemove = createRemovalGuard(deps)
  const [trash, outputs, references] = [createBatches(), createBatches(), createBatches()]
  const tasks = {
    purge_trash: () => purgeTrash(deps, trash),
    purge_outputs: () => purgeDeletedOutputs(deps, outputs),
    purge_references: () => purgeUnusedReferences(deps, references),
    remove_objects: () => removeNextObjects({ ...deps, mayRemove }),
  }
  const loops = Object.entries(tasks).map(([name, task]) =>
    runForever({ ...options, name }, async () => ((await task()) ? 'busy' : 'idle')),
  )
  await Promise.all(loops)
}

async function purgeTrash(
  { metrics, trashDays, removeAfterSeconds }: PurgeDeps,
  batches: AdaptiveBatches,
): Promise<boolean> {
  const purged = await batches.run((tx, limit) => purgeGenerations(tx, trashDays, { limit, removeAfterSeconds }))
  metrics.purged.inc(purged)
  return purged > 0
}

async function purgeDeletedOutputs(
  { trashDays, removeAfterSeconds }: PurgeDeps,
  batches: AdaptiveBatches,
): Promise<boolean> {
  return (await batches.run((tx, limit) => purgeOutputs(tx, trashDays, { limit, removeAfterSeconds }))) > 0
}

async function purgeUnusedReferences({ removeAfterSeconds }: PurgeDeps, batches: AdaptiveBatches): Promise<boolean> {
  return (await batches.run((tx, limit) => purgeReferences(tx, { limit, removeAfterSeconds }))) > 0
}
