import { STATUSES } from '@darkroom/contracts/enums'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import { objectKeys } from '@darkroom/contracts/previews'
import type { Transaction } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'
import { getGenerationFolder, scheduleRemovals } from './removal-rows.ts'

export interface PurgeOptions {
  /** Most rows that are purged at once. */
  limit: number
  /** Time that unreferenced objects are retained; an hour unless given. */
  removeAfterSeconds?: number | undefined
}

const TERMINAL_STATUSES = STATUSES.filter(isTerminal)
/** Time between the upload of a reference image and its submission, at most. */
const UNUSED_HOURS = 24
const PURGED_DAYS = 365

/**
 * Deletes generations that have been in the trash for `days` days, with everything that belongs to them, and schedules the
 * removal of their outputs' objects and of everything else that was stored for them. An active generation stays until it ends.
 *
 * @returns their number
 */
export async function purgeGenerations(tx: Transaction, days: number, options: PurgeOptions): Promise<number> {
  const trash = await lockTrash(tx, days, options.limit)
  const ids = trash.map(({ id }) => id)
  const outputs = await tx<{ key: string }[]>`
    select key from generation_outputs where generation_id = any(${ids}) and key is not null`
  const keys = [...trash.map(getGenerationFolder), ...outputs.flatMap(({ key }) => objectKeys(key))]
  await scheduleRemovals(tx, keys, options.removeAfterSeconds)
  await recordPurged(tx, ids)
  await tx`delete from generations where id = any(${ids})`
  return ids.length
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
async function lockTrash(tx: Transaction, days: number, limit: number): Promise<{ id: string; workspaceId: string }[]> {
  return await tx<{ id: string; workspaceId: string }[]>`
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
