import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { ReferenceSource } from './reference-source.ts'

/** A row of `reference_images`. */
export interface ReferenceRow {
  id: string
  /** `existing` if the row was there before; `new` if its objects were stored just now, and the row is yet to be written. */
  origin: 'existing' | 'new'
  sha256: string
  key: string
  mimeType: string
  bytes: number
  width: number
  height: number
}

/** Returns the existing references of a workspace among the sources, by id and by hash. */
export async function findReferences(
  db: Queryable,
  workspaceId: string,
  sources: readonly ReferenceSource[],
): Promise<{ byId: Map<string, ReferenceRow>; bySha256: Map<string, ReferenceRow> }> {
  const ids = sources.flatMap(source => (source.kind === 'id' ? [source.id] : []))
  const hashes = sources.flatMap(source => (source.kind === 'bytes' ? [`\\x${source.sha256}`] : []))
  const rows = await db<ReferenceRow[]>`
    select id, 'existing' as origin, encode(sha256, 'hex') as sha256, key, mime_type as "mimeType", bytes, width, height
    from reference_images
    where workspace_id = ${workspaceId}
      and (id = any(${ids}::uuid[]) or sha256 = any(${hashes}::text[]::bytea[]))`
  return { byId: new Map(rows.map(row => [row.id, row])), bySha256: new Map(rows.map(row => [row.sha256, row])) }
}

/** Cancels the scheduled removal of objects that are about to be stored or have a row. */
export async function cancelObjectRemovals(db: Queryable, workspaceId: string, keys: string[]): Promise<void> {
  await db`delete from object_removals where key = any(${keys}) and workspace_id = ${workspaceId}`
}

/** Longer than it can take until a row refers to an object that was stored. */
const UNREFERENCED_TTL_SECONDS = 86_400

/**
 * Schedules the removal of an object that is about to be stored, after a day, unless a row refers to it by then. A process that
 * dies or gives up in between leaves no orphan behind.
 *
 * @returns false if a removal was scheduled before, in which case the object may exist
 */
export async function scheduleOrphanRemoval(db: Queryable, key: string): Promise<boolean> {
  const [row] = await db<{ isFirst: boolean }[]>`
    insert into object_removals (key, remove_after) values (${key}, now() + make_interval(secs => ${UNREFERENCED_TTL_SECONDS}))
    on conflict (key) do update set remove_after = excluded.remove_after
    returning xmax = 0 as "isFirst"`
  return row?.isFirst ?? false
}

/** Enqueues references that were stored without previews for the making of previews. */
export async function enqueuePreviews(
  tx: Transaction,
  workspaceId: string,
  referenceIds: readonly string[],
): Promise<void> {
  await tx`
    insert into previews_due (workspace_id, reference_id)
    select distinct ${workspaceId}::uuid, id from unnest(${referenceIds}::uuid[]) id order by id
    on conflict do nothing`
}

/**
 * Inserts the rows of new references, and locks existing ones against removal until the transaction ends.
 *
 * @returns the rows in the order given, with the ids that they have in the table: a row that another request inserted first keeps
 *   its id. Null, with nothing written, if an existing one has been removed
 */
export async function insertReferences(
  tx: Transaction,
  workspaceId: string,
  rows: readonly ReferenceRow[],
): Promise<ReferenceRow[] | null> {
  if (!(await lockExisting(tx, workspaceId, rows))) return null
  const ids = new Map<string, string>()
  // In the order of their hashes: two requests with the same images cannot deadlock.
  for (const row of rows.filter(({ origin }) => origin === 'new').sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
    if (!ids.has(row.sha256)) ids.set(row.sha256, await insertReference(tx, workspaceId, row))
  }
  return rows.map(row => ({ ...row, id: ids.get(row.sha256) ?? row.id }))
}

async function lockExisting(tx: Transaction, workspaceId: string, rows: readonly ReferenceRow[]): Promise<boolean> {
  const existingIds = new Set(rows.flatMap(row => (row.origin === 'existing' ? [row.id] : [])))
  if (existingIds.size === 0) return true
  const locked = await tx`
    select from reference_images where id = any(${[...existingIds]}::uuid[]) and workspace_id = ${workspaceId} for key share`
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
