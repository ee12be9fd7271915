import type { Kind, OutputState } from '@darkroom/contracts/enums'
import type { InputRole } from '@darkroom/contracts/model'
import type { Queryable } from '@darkroom/infra/database/connection'

/** An output as a download needs it. */
export interface OutputRow {
  generationId: string
  index: number
  kind: Kind
  state: OutputState
  /** Key in the store, if it is stored. */
  key: string | null
  bytes: number | null
  mimeType: string | null
  width: number | null
  height: number | null
  /** Of the original, in hex. */
  sha256: string | null
  finishedAt: Date
}

export interface ReferenceRow {
  sha256: string | null
  role: InputRole
}

/** Reads the outputs of generations of a workspace, by generation. A generation that the workspace does not have is left out. */
export async function readOutputRows(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, OutputRow[]>> {
  const rows = await db<(OutputRow | (Pick<OutputRow, 'generationId'> & { index: null }))[]>`
    select g.id as "generationId", o.index, o.kind, o.state, o.bytes, o.mime_type as "mimeType", o.width, o.height,
      case when o.state = 'stored' then o.key end as key, encode(o.sha256, 'hex') as sha256,
      coalesce(g.completed_at, g.created_at) as "finishedAt"
    from generations g left join generation_outputs o
      on o.generation_id = g.id and o.workspace_id = g.workspace_id
    where g.id = any(${ids as string[]}::uuid[]) and g.workspace_id = ${workspaceId}
    order by g.id, o.index`
  const byGeneration = new Map<string, OutputRow[]>()
  for (const row of rows) {
    const outputs = byGeneration.get(row.generationId) ?? []
    byGeneration.set(row.generationId, outputs)
    if (row.index !== null) outputs.push(row)
  }
  return byGeneration
}

/** Reads the references of generations of a workspace, in their order, by generation. */
export async function readReferenceRows(
  db: Queryable,
  workspaceId: string,
  ids: readonly string[],
): Promise<Map<string, ReferenceRow[]>> {
  const rows = await db<(ReferenceRow & { generationId: string })[]>`
    select r.generation_id as "generationId", encode(i.sha256, 'hex') as sha256, r.role
    from generation_references r left join reference_images i
      on i.id = r.reference_id and i.workspace_id = r.workspace_id
    where r.generation_id = any(${ids as string[]}::uuid[]) and r.workspace_id = ${workspaceId}
    order by r.generation_id, r.position`
  const groups = Map.groupBy(rows, row => row.generationId)
  return new Map([...groups].map(([id, group]) => [id, group.map(({ sha256, role }) => ({ sha256, role }))]))
}
