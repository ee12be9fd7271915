import { objectKeys } from '@darkroom/contracts/previews'
import type { Transaction } from '../database/connection.ts'
import { publishChanges } from './generations.ts'
import { getGenerationFolder, scheduleRemovals } from './object-removals.ts'

/** A generation in the trash whose rows are locked by the current transaction. */
export interface TrashedGeneration {
  id: string
  workspaceId: string
}

const PURGED_DAYS = 365

/**
 * Deletes generations with everything that belongs to them, and schedules the removal of their outputs' objects and of everything else
 * that was stored for them. Their change is published, and whoever reads them then finds none.
 *
 * @param afterSeconds time that unreferenced objects are retained; an hour unless given
 */
export async function purgeLocked(
  tx: Transaction,
  trash: readonly TrashedGeneration[],
  afterSeconds?: number,
): Promise<void> {
  if (trash.length === 0) return
  const ids = trash.map(({ id }) => id)
  const outputs = await tx<{ key: string }[]>`
    select key from generation_outputs where generation_id = any(${ids}) and key is not null`
  // Generations may share an object, and a key is scheduled once.
  const keys = new Set([...trash.map(getGenerationFolder), ...outputs.flatMap(({ key }) => objectKeys(key))])
  await scheduleRemovals(tx, [...keys], afterSeconds)
  await recordPurged(tx, ids)
  await tx`delete from generations where id = any(${ids})`
  await publishChanges(tx, trash)
}

/** Records the generations whose answers a host may have in its journal. Every host has seen the record long before it is old. */
async function recordPurged(tx: Transaction, ids: string[]): Promise<void> {
  await tx`delete from purged_generations where purged_at < now() - make_interval(days => ${PURGED_DAYS})`
  await tx`
    insert into purged_generations (id)
    select distinct generation_id from provider_calls
    where generation_id = any(${ids}) and host is not null and request_id is null
    on conflict do nothing`
}
