import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { ReferenceSource } from './reference-source.ts'

export interface ReferenceRow {
  id: string
  /** Whether it was there before this request, or its objects were stored for it. */
  was: 'kept' | 'stored'
  sha256: string
  key: string
  mimeType: string
  bytes: number
  width: number
  height: number
}

/** Those of the sources that the workspace keeps already, by id and by hash. */
export async function findReferences(
  db: Queryable,
  workspaceId: string,
  sources: readonly ReferenceSource[],
): Promise<{ byId: Map<string, ReferenceRow>; bySha256: Map<string, ReferenceRow> }> {
  const ids = sources.flatMap(source => (source.kind === 'id' ? [source.id] : []))
  const hashes = sources.flatMap(source => (source.kind === 'bytes' ? [`\\x${source.sha256}`] : []))
  const rows = await db<ReferenceRow[]>`
    select id, 'kept' as was, encode(sha256, 'hex') as sha256, key, mime_type as "mimeType", bytes, width, height
    from reference_images
    where workspace_id = ${workspaceId}
      and (id = any(${ids}::uuid[]) or sha256 = any(${hashes}::text[]::bytea[]))`
  return { byId: new Map(rows.map(row => [row.id, row])), bySha256: new Map(rows.map(row => [row.sha256, row])) }
}

/** Takes objects that are about to be stored off the list of those that are to be removed. */
export async function cancelObjectRemovals(db: Queryable, keys: string[]): Promise<void> {
  await db`delete from object_removals where key = any(${keys})`
}

/** For longer than anybody may take until a row refers to what was stored. */
const UNREFERENCED_TTL_SECONDS = 86_400

/**
 * Writes down that an object is about to be stored, which is then removed after a day unless something refers to it by then:
 * whoever dies or gives up over it leaves nothing for ever.
 *
 * @returns false if that was written down before, so that the object may be there
 */
export async function scheduleOrphanRemoval(db: Queryable, key: string): Promise<boolean> {
  const [row] = await db<{ isFirst: boolean }[]>`
    insert into object_removals (key, remove_after) values (${key}, now() + make_interval(secs => ${UNREFERENCED_TTL_SECONDS}))
    on conflict (key) do update set remove_after = excluded.remove_after
    returning xmax = 0 as "isFirst"`
  return row?.isFirst ?? false
}

/** Has previews made of references that have just been stored without. */
export async function enqueuePreviews(tx: Transaction, referenceIds: readonly string[]): Promise<void> {
  await tx`
    insert into previews_due (reference_id) select distinct unnest(${referenceIds}::uuid[]) order by 1
    on conflict do nothing`
}

/**
 * Writes rows of what was stored, and sees to it that those that were kept before stay for as long as the transaction takes.
 *
 * @returns the rows as they are kept, in the order given: one that somebody else wrote first keeps its id. Null if one that
 *   was kept is gone; nothing was written then
 */
export async function insertReferences(
  tx: Transaction,
  workspaceId: string,
  rows: readonly ReferenceRow[],
): Promise<ReferenceRow[] | null> {
  if (!(await lockExisting(tx, rows))) return null
  const ids = new Map<string, string>()
  // In the order of their hashes, so that two requests with the same pictures cannot wait for one another.
  for (const row of rows.filter(({ was }) => was === 'stored').sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
    if (!ids.has(row.sha256)) ids.set(row.sha256, await insertReference(tx, workspaceId, row))
  }
  return rows.map(row => ({ ...row, id: ids.get(row.sha256) ?? row.id }))
}

async function lockExisting(tx: Transaction, rows: readonly ReferenceRow[]): Promise<boolean> {
  const existingIds = new Set(rows.flatMap(row => (row.was === 'kept' ? [row.id] : [])))
  if (existingIds.size === 0) return true
  const locked = await tx`select from reference_images where id = any(${[...existingIds]}::uuid[]) for key share`
  return locked.length === existingIds.size
}

async function insertReference(tx: Transaction, workspaceId: string, row: ReferenceRow): Promise<string> {
  const [inserted] = await tx<{ id: string }[]>`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
    values (${row.id}, ${workspaceId}, decode(${row.sha256}, 'hex'), ${row.key}, ${row.mimeType}, ${row.bytes},
            ${row.width}, ${row.height})
    on conflict (workspace_id, sha256) do update set key = excluded.key
    returning id`
  return inserted?.id ?? row.id
}
