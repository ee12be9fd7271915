import { STATUSES } from '@darkroom/contracts/enums'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { objectKeys } from '@darkroom/contracts/previews'
import type { Transaction } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'
import { bumpVersions, type GenerationKey } from '@darkroom/infra/generations/generations'
import { scheduleRemovals } from '@darkroom/infra/generations/object-removals'
import { purgeLocked } from '@darkroom/infra/generations/purge'

export interface PurgeOptions {
  /** Most rows that are purged at once. */
  limit: number
  /** Time that unreferenced objects are retained; an hour unless given. */
  removeAfterSeconds?: number | undefined
}

const TERMINAL_STATUSES = STATUSES.filter(isTerminal)
/** Time between the upload of a reference image and its submission, at most. */
const UNUSED_HOURS = 24

/**
 * Deletes generations that have been in the trash for `days` days, with everything that belongs to them, and schedules the
 * removal of their outputs' objects and of everything else that was stored for them. An active generation stays until it ends.
 *
 * @returns their number
 */
export async function purgeGenerations(tx: Transaction, days: number, options: PurgeOptions): Promise<number> {
  const trash = await lockTrash(tx, days, options.limit)
  await purgeLocked(tx, trash, options.removeAfterSeconds)
  return trash.length
}

/**
 * Purges outputs that were deleted `days` days ago: they can no longer be restored, which is published, and the removal of their objects is scheduled.
 *
 * @returns their number
 */
export async function purgeOutputs(tx: Transaction, days: number, options: PurgeOptions): Promise<number> {
  const generations = await lockWithDueOutputs(tx, days, options.limit)
  if (generations.length === 0) return 0
  const outputs = await tx<(GenerationKey & { index: number; key: string | null })[]>`
    select generation_id as id, workspace_id as "workspaceId", index, key from generation_outputs
    where generation_id = any(${generations}) and deleted_from is not null
      and deleted_at <= now() - make_interval(days => ${days})`
  const [ids, indices] = [outputs.map(({ id }) => id), outputs.map(({ index }) => index)]
  await tx`
    update generation_outputs o set deleted_from = null, deleted_favourite = false, key = null, sha256 = null, placeholder = null,
      provider_url = null, poster_url = null, from_call = false, needs_auth = false, expires_at = null, error = null
    from unnest(${ids}::uuid[], ${indices}::smallint[]) due (generation_id, index)
    where o.generation_id = due.generation_id and o.index = due.index`
  await tx`
    delete from rehosts r using unnest(${ids}::uuid[], ${indices}::smallint[]) due (generation_id, index)
    where r.generation_id = due.generation_id and r.index = due.index`
  const keys = outputs.flatMap(({ key }) => (key === null ? [] : objectKeys(key)))
  await scheduleRemovals(tx, keys, options.removeAfterSeconds)
  await bumpVersions(tx, [...new Map(outputs.map(output => [output.id, output])).values()])
  return outputs.length
}

/** Locks the jobs of generations that have deleted outputs to purge: a restore waits, and then finds them purged. */
async function lockWithDueOutputs(tx: Transaction, days: number, limit: number): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select j.generation_id as id from generation_jobs j
    where j.generation_id in (
        select o.generation_id from generation_outputs o
        where o.deleted_from is not null and o.deleted_at <= now() - make_interval(days => ${days})
        order by o.deleted_at limit ${limit})
      and (j.lease_until is null or j.lease_until < now()) and ${isActive(tx)}
    for update of j skip locked`
  return rows.map(({ id }) => id)
}

/**
 * Deletes reference images that no generation refers to, and schedules the removal of their objects.
 *
 * @returns their number
 */
export async function purgeReferences(tx: Transaction, options: PurgeOptions): Promise<number> {
  const ids = await lockUnusedReferences(tx, options.limit)
  // A generation may have been given a reference before its row was locked; from then on none can.
  const deleted = await tx<{ key: string }[]>`
    delete from reference_images i where id = any(${ids})
      and not exists (select from generation_references r where r.reference_id = i.id)
    returning key`
  await scheduleRemovals(
    tx,
    deleted.flatMap(({ key }) => objectKeys(key)),
    options.removeAfterSeconds,
  )
  return deleted.length
}

/** Locks generations to purge. Their jobs are locked first, as workers do: the transactions cannot deadlock. */
async function lockTrash(tx: Transaction, days: number, limit: number): Promise<GenerationKey[]> {
  return await tx<GenerationKey[]>`
    select g.id, g.workspace_id as "workspaceId" from generations g join generation_jobs j on j.generation_id = g.id
    where g.deleted_at <= now() - make_interval(days => ${days}) and g.status = any(${TERMINAL_STATUSES})
      and (j.lease_until is null or j.lease_until < now()) and ${isActive(tx)}
    order by g.deleted_at limit ${limit} for update of j, g skip locked`
}

async function lockUnusedReferences(tx: Transaction, limit: number): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select id from reference_images i
    where created_at < now() - make_interval(hours => ${UNUSED_HOURS})
      and not exists (select from generation_references r where r.reference_id = i.id) and ${isActive(tx)}
    limit ${limit} for update skip locked`
  return rows.map(({ id }) => id)
}
