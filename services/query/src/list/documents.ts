import type { Queryable } from '@darkroom/infra/database/connection'

/** Reads the public documents (JSON text) of generations of a workspace, by id. Missing generations are left out. */
export async function readDocuments(
  db: Queryable,
  { workspaceId, ids }: { workspaceId: string; ids: readonly string[] },
): Promise<Map<string, string>> {
  const rows = await db<{ id: string; document: string }[]>`
    select generation_id as id, document from generation_documents
    where generation_id = any(${ids as string[]}::uuid[]) and workspace_id = ${workspaceId}`
  return new Map(rows.map(row => [row.id, row.document]))
}
