import type { Queryable, Transaction } from '@darkroom/infra/database/connection'

/** Locks the removal that has been due the longest. @returns its key; undefined if none is due and unlocked */
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
 * Returns whether a row refers to the object, or to the object that it is a preview of; for a folder, whether its generation
 * exists. Keys of our own format name the row; for any other key all rows are searched.
 */
export async function isReferenced(db: Queryable, key: string): Promise<boolean> {
  const rows = await selectReferencingRows(db, key, createKeyCondition(db, key))
  return rows.length > 0
}

const OUTPUT_KEY = /^w\/[^/]+\/gen\/([0-9a-f-]{36})\//
const REFERENCE_KEY = /^w\/([0-9a-f-]{36})\/ref\/([0-9a-f]{64})\./
const PREVIEW_SUFFIX = /\.w\d+\.webp$/

type Fragment = ReturnType<typeof createKeyCondition>

/** Returns the condition that a row's key is this one or the original of this preview, whose extension is not known. */
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
