import { objectKeys } from '@darkroom/contracts/previews'
import type { PendingQuery, Row } from 'postgres'
import type { Transaction } from '../database/connection.ts'
import { type GenerationKey, publishChanges } from './generations.ts'
import { getGenerationFolder, scheduleRemovals } from './object-removals.ts'

const PURGED_DAYS = 365

/**
 * Deletes generations in the trash, whose rows are locked by the current transaction, with everything that belongs to them, and schedules the removal of their outputs' objects and of everything else
 * that was stored for them. Their change is published, and whoever reads them then finds none.
 *
 * @param afterSeconds time that unreferenced objects are retained; an hour unless given
 */
export async function purgeLocked(
  tx: Transaction,
  trash: readonly GenerationKey[],
  afterSeconds?: number,
): Promise<void> {
  if (trash.length === 0) return
  const [ids, workspaces] = [trash.map(({ id }) => id), trash.map(({ workspaceId }) => workspaceId)]
  const purged = tx`unnest(${ids}::uuid[], ${workspaces}::uuid[]) purged (id, workspace_id)`
  const outputs = await tx<{ key: string }[]>`
    select o.key from generation_outputs o join ${purged} on o.generation_id = purged.id and o.workspace_id = purged.workspace_id
    where o.key is not null`
  // Generations may share an object, and a key is scheduled once.
  const keys = new Set([...trash.map(getGenerationFolder), ...outputs.flatMap(({ key }) => objectKeys(key))])
  await scheduleRemovals(tx, [...keys], afterSeconds)
  await recordPurged(tx, purged)
  await tx`delete from generations g using ${purged} where g.id = purged.id and g.workspace_id = purged.workspace_id`
  await publishChanges(tx, trash)
}

/** Records the generations whose answers a host may have in its journal. Every host has seen the record long before it is old. */
async function recordPurged(tx: Transaction, purged: PendingQuery<Row[]>): Promise<void> {
  await tx`delete from purged_generations where purged_at < now() - make_interval(days => ${PURGED_DAYS})`
  await tx`
    insert into purged_generations (workspace_id, id)
    select distinct c.workspace_id, c.generation_id from provider_calls c
      join ${purged} on c.generation_id = purged.id and c.workspace_id = purged.workspace_id
    where c.host is not null and c.request_id is null
    on conflict do nothing`
}
