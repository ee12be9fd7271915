import { type Database, transaction } from '@darkroom/infra/database/connection'
import type { Log } from '@darkroom/infra/log'
import type { Store } from '@darkroom/infra/store/store'
import type { ProcessorMetrics } from '../metrics.ts'
import { runPollLoop } from './poll-loop.ts'
import { purgeGenerations, purgeReferences } from './purge-rows.ts'
import { removeNextObjects } from './remove-objects.ts'

export interface PurgeDeps {
  database: Database
  store: Store
  log: Log
  metrics: ProcessorMetrics
  /** Days that a deleted generation can be restored. */
  trashDays: number
  /** Aborted when the process is to stop. */
  signal: AbortSignal
  /** Between two looks, on average, in milliseconds. */
  pollMs?: number
  /** How long objects stay after nothing refers to them any more; an hour unless said. */
  removeAfterSeconds?: number
}

const BATCH_SIZE = 50
const POLL_MS = 60_000

/**
 * Empties the trash until the signal is aborted: generations that have been in it for long enough go with everything that
 * belongs to them, reference images that nothing refers to go after them, and their objects last. Any number of processes
 * may do so.
 */
export async function runPurge(deps: PurgeDeps): Promise<void> {
  const options = { log: deps.log, signal: deps.signal, pollMs: deps.pollMs ?? POLL_MS }
  await Promise.all([
    runPollLoop({ ...options, name: 'purge_trash' }, () => purgeTrash(deps)),
    runPollLoop({ ...options, name: 'purge_references' }, () => purgeUnusedReferences(deps)),
    runPollLoop({ ...options, name: 'remove_objects' }, () => removeNextObjects(deps)),
  ])
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
