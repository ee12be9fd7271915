import { objectKeys } from '@darkroom/contracts/previews'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { bumpVersions, type GenerationKey } from '@darkroom/infra/generations/generations'
import { toReferenceParameters } from '../reference-parameters.ts'
import { cancelObjectRemovals, enqueuePreviews, insertReferences, type ReferenceRow } from '../reference-rows.ts'

/** The address of references that one process has taken to store the image here. */
export interface ReferenceRehost {
  workspaceId: string
  url: string
  /** Tries so far, this one included. */
  tries: number
  /** Time at which it was last asked for. With the tries it is the fence: who takes the row later, or asks for it anew, changes one. */
  createdAt: string
  /** Seconds since then. */
  age: number
}

/** Generations whose references are replaced in one transaction. */
const BATCH = 50

/**
 * Takes the address that has been due the longest, if there is one. Other processes do not see it for `visibilityTimeoutSeconds`;
 * after that it is due again, if its process has died.
 */
export async function takeReferenceRehost(
  db: Database,
  visibilityTimeoutSeconds: number,
): Promise<ReferenceRehost | undefined> {
  const [taken] = await db<ReferenceRehost[]>`
    with due as (
      select workspace_id, url from reference_rehosts where next_try_at <= now() and ${isActive(db)}
      order by next_try_at limit 1 for update skip locked
    )
    update reference_rehosts r set tries = r.tries + 1, next_try_at = now() + make_interval(secs => ${visibilityTimeoutSeconds})
    from due where r.workspace_id = due.workspace_id and r.url = due.url
    returning r.workspace_id as "workspaceId", r.url, r.tries, r.created_at::text as "createdAt",
              extract(epoch from now() - r.created_at)::float as age`
  return taken
}

/** Builds the condition that nobody has taken an address, or asked for it, since this process took it. */
function isUnchanged(db: Queryable, { url, tries, createdAt }: ReferenceRehost) {
  return db`url = ${url} and tries = ${tries} and created_at = ${createdAt}::text::timestamptz`
}

/** Makes an address due again after a delay. */
export async function postponeReferenceRehost(
  db: Queryable,
  rehost: ReferenceRehost,
  milliseconds: number,
): Promise<void> {
  await db`
    update reference_rehosts set next_try_at = now() + make_interval(secs => ${milliseconds / 1_000})
    where workspace_id = ${rehost.workspaceId} and ${isUnchanged(db, rehost)}`
}

/** Records why an address is given up. What refers to it stays as it is. */
export async function giveUpReferenceRehost(db: Queryable, rehost: ReferenceRehost, reason: string): Promise<void> {
  await db`
    update reference_rehosts set next_try_at = 'infinity', error = ${reason}
    where workspace_id = ${rehost.workspaceId} and ${isUnchanged(db, rehost)}`
}

/** Returns whether a generation still refers to the address: those that did may be purged. */
export async function isReferredTo(db: Queryable, { workspaceId, url }: ReferenceRehost): Promise<boolean> {
  const rows = await db`
    select from generation_references where workspace_id = ${workspaceId} and url = ${url} limit 1`
  return rows.length > 0
}

/** Deletes an address that is done with, unless an import has asked for it anew meanwhile. */
export async function deleteReferenceRehost(db: Queryable, rehost: ReferenceRehost): Promise<void> {
  await db`delete from reference_rehosts where workspace_id = ${rehost.workspaceId} and ${isUnchanged(db, rehost)}`
}

/**
 * Replaces an address by the stored image in every generation that refers to it, a batch a transaction.
 *
 * @returns false if the image was removed meanwhile: it is to be stored again
 */
export async function replaceReferences(
  database: Database,
  rehost: ReferenceRehost,
  stored: ReferenceRow,
): Promise<boolean> {
  for (let count = BATCH; count === BATCH; ) {
    const replaced = await transaction(database, tx => replaceBatch(tx, rehost, stored))
    if (replaced === undefined) return false
    count = replaced
  }
  return true
}

/** @returns the number of generations; undefined if the image was removed */
async function replaceBatch(
  tx: Transaction,
  { workspaceId, url }: ReferenceRehost,
  stored: ReferenceRow,
): Promise<number | undefined> {
  const [row] = (await insertReferences(tx, workspaceId, [stored])) ?? []
  if (!row) return undefined
  const generations = await lockGenerations(tx, workspaceId, url)
  const ids = generations.map(({ id }) => id)
  const pointer = tx.json(toPointer(row))
  await tx`
    update generation_references set reference_id = ${row.id}, url = null
    where workspace_id = ${workspaceId} and url = ${url} and generation_id = any(${ids})`
  await tx`
    update generation_raw set parameters = replace_reference_url(parameters, ${url}, ${pointer})
    where workspace_id = ${workspaceId} and generation_id = any(${ids})`
  await tx`
    update generations set parameters = replace_reference_url(parameters, ${url}, ${pointer})
    where workspace_id = ${workspaceId} and id = any(${ids})`
  if (stored.origin === 'new') await enqueuePreviews(tx, workspaceId, [row.id])
  await cancelObjectRemovals(tx, workspaceId, objectKeys(row.key))
  await bumpVersions(tx, generations)
  return generations.length
}

/** Locks the jobs, which every writing transaction locks first: they cannot deadlock. */
async function lockGenerations(tx: Transaction, workspaceId: string, url: string): Promise<GenerationKey[]> {
  return await tx<GenerationKey[]>`
    select j.generation_id as id, j.workspace_id as "workspaceId" from generation_jobs j
    where j.workspace_id = ${workspaceId} and j.generation_id in (
      select distinct r.generation_id from generation_references r
      where r.workspace_id = ${workspaceId} and r.url = ${url} order by r.generation_id limit ${BATCH})
    order by j.generation_id for update`
}

/** Returns the parameters of a single reference; one of several has its address alone. */
function toPointer(row: ReferenceRow) {
  const { referenceImages: _, ...pointer } = toReferenceParameters([row])
  return { ...pointer, referenceImageUrl: mediaUrl(row.key) } as Record<string, string>
}
