import type { ReferenceOrigin } from '@darkroom/contracts/history/library'
import type { Queryable } from '@darkroom/infra/database/connection'

export interface ReferenceFile {
  key: string
  bytes: number
  /** In hex. */
  sha256: string
}

export async function findReferenceFile(
  db: Queryable,
  workspaceId: string,
  id: string,
): Promise<ReferenceFile | undefined> {
  const [file] = await db<ReferenceFile[]>`
    select key, bytes, encode(sha256, 'hex') as sha256 from reference_images where workspace_id = ${workspaceId} and id = ${id}`
  return file
}

/**
 * Returns the stored output of a workspace that has these bytes and is not purged: rather one that is not deleted, and rather the newest.
 */
export async function findOriginOutput(
  db: Queryable,
  workspaceId: string,
  sha256: string,
): Promise<NonNullable<ReferenceOrigin['output']> | undefined> {
  const [output] = await db<NonNullable<ReferenceOrigin['output']>[]>`
    select o.generation_id as "generationId", o.index as "outputIndex"
    from generation_outputs o join generations g on g.id = o.generation_id and g.workspace_id = o.workspace_id
    where o.sha256 = decode(${sha256}, 'hex') and o.workspace_id = ${workspaceId} and g.workspace_id = ${workspaceId}
      and coalesce(o.deleted_from, o.state) = 'stored'
    order by g.deleted_at is not null, o.state = 'deleted', g.created_at desc, o.index limit 1`
  return output && { ...output }
}
