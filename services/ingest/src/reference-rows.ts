import type { Statement, Transaction } from '@darkroom/infra/database'
import type { ReferenceSource } from './sources.ts'

export interface ReferenceRow {
  id: string
  sha256: string
  key: string
  mimeType: string
  bytes: number
  width: number
  height: number
}

/** Those of the sources that the workspace keeps already, by id and by hash. */
export async function findReferences(
  db: Statement,
  workspaceId: string,
  sources: readonly ReferenceSource[],
): Promise<{ byId: Map<string, ReferenceRow>; bySha256: Map<string, ReferenceRow> }> {
  const ids = sources.flatMap(source => (source.kind === 'id' ? [source.id] : []))
  const hashes = sources.flatMap(source => (source.kind === 'bytes' ? [`\\x${source.sha256}`] : []))
  const rows = await db<ReferenceRow[]>`
    select id, encode(sha256, 'hex') as sha256, key, mime_type as "mimeType", bytes, width, height
    from reference_images
    where workspace_id = ${workspaceId}
      and (id = any(${ids}::uuid[]) or sha256 = any(${hashes}::text[]::bytea[]))`
  return { byId: new Map(rows.map(row => [row.id, row])), bySha256: new Map(rows.map(row => [row.sha256, row])) }
}

/**
 * Writes rows that are not there yet.
 *
 * @returns the rows as they are kept, in the order given: one that somebody else wrote first keeps its id
 */
export async function insertReferences(
  tx: Transaction,
  workspaceId: string,
  rows: readonly ReferenceRow[],
): Promise<ReferenceRow[]> {
  const ids = new Map<string, string>()
  // In the order of their hashes, so that two requests with the same pictures cannot wait for one another.
  for (const row of [...rows].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
    if (!ids.has(row.sha256)) ids.set(row.sha256, await insertReference(tx, workspaceId, row))
  }
  return rows.map(row => ({ ...row, id: ids.get(row.sha256) ?? row.id }))
}

async function insertReference(tx: Transaction, workspaceId: string, row: ReferenceRow): Promise<string> {
  const [kept] = await tx<{ id: string }[]>`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
    values (${row.id}, ${workspaceId}, decode(${row.sha256}, 'hex'), ${row.key}, ${row.mimeType}, ${row.bytes},
            ${row.width}, ${row.height})
    on conflict (workspace_id, sha256) do update set key = excluded.key
    returning id`
  return kept?.id ?? row.id
}
