import type { Queryable, Transaction } from '@darkroom/infra/database/connection'

/** How long an object stays after nothing refers to it any more: for whoever is about to refer to it again. */
const REMOVE_AFTER_SECONDS = 3_600

/** Where everything lies that is ever stored for a generation, by whatever attempt. It ends in a slash, as no key does. */
export function getGenerationFolder({ id, workspaceId }: { id: string; workspaceId: string }): string {
  return `w/${workspaceId}/gen/${id}/`
}

/** Has objects, or all in a folder, removed after a while, unless something refers to them by then. */
export async function scheduleRemovals(
  tx: Transaction,
  keys: readonly string[],
  afterSeconds = REMOVE_AFTER_SECONDS,
): Promise<void> {
  // In one order, or two who list the same could wait for one another.
  await tx`
    insert into object_removals (key, remove_after)
    select key, now() + make_interval(secs => ${afterSeconds}) from unnest(${keys.toSorted()}::text[]) key
    on conflict (key) do update set remove_after = greatest(object_removals.remove_after, excluded.remove_after)`
}

/** Locks the object that has been due for removal the longest; undefined if none is, or others are at all of them. */
export async function lockDueRemoval(tx: Transaction): Promise<string | undefined> {
  const [due] = await tx<{ key: string }[]>`
    select key from object_removals where remove_after <= now() order by remove_after limit 1 for update skip locked`
  return due?.key
}

export async function deleteRemoval(tx: Transaction, key: string): Promise<void> {
  await tx`delete from object_removals where key = ${key}`
}

export async function postponeRemoval(tx: Transaction, key: string, seconds: number): Promise<void> {
  await tx`update object_removals set remove_after = now() + make_interval(secs => ${seconds}) where key = ${key}`
}

/**
 * Whether a row names the object, or the one that it is a preview of; for a folder, whether its generation is there. Our own
 * keys say which row that would be; for any other key all rows are looked at.
 */
export async function isReferenced(db: Queryable, key: string): Promise<boolean> {
  const rows = await selectReferencingRows(db, key, createKeyCondition(db, key))
  return rows.length > 0
}

const OUTPUT_KEY = /^w\/[^/]+\/gen\/([0-9a-f-]{36})\//
const REFERENCE_KEY = /^w\/([0-9a-f-]{36})\/ref\/([0-9a-f]{64})\./
const PREVIEW_SUFFIX = /\.w\d+\.webp$/

type Fragment = ReturnType<typeof createKeyCondition>

/** The condition under which a row's key is this one, or that of its original, whose extension is not known. */
function createKeyCondition(db: Queryable, key: string) {
  const original = key.replace(PREVIEW_SUFFIX, '')
  return db`(key = ${key} or regexp_replace(key, '\\.[a-z0-9]+$', '') = ${original === key ? null : original})`
}

function selectReferencingRows(db: Queryable, key: string, keyCondition: Fragment) {
  const [, generation] = OUTPUT_KEY.exec(key) ?? []
  if (generation && key.endsWith('/')) return db`select 1 from generations where id = ${generation}`
  if (generation)
    return db`select 1 from generation_outputs where generation_id = ${generation} and ${keyCondition} limit 1`
  const [, workspace, sha256] = REFERENCE_KEY.exec(key) ?? []
  if (workspace && sha256) {
    return db`
      select 1 from reference_images
      where workspace_id = ${workspace} and sha256 = decode(${sha256}, 'hex') and ${keyCondition} limit 1`
  }
  return db`
    select 1 from generation_outputs where ${keyCondition} union all select 1 from reference_images where ${keyCondition} limit 1`
}
