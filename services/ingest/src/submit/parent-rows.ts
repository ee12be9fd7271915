import type { Submission } from '@darkroom/contracts/generation'
import { LIMITS } from '@darkroom/contracts/limits'
import type { Queryable } from '@darkroom/infra/database/connection'

type Parent = NonNullable<Submission['parent']>

/**
 * Returns whether a workspace has the output that a submission names as its parent: in the trash as well, but not purged. In a
 * transaction it stays until the end.
 */
export async function isParent(db: Queryable, workspaceId: string, parent: Parent): Promise<boolean> {
  // No generation has so many, and the column cannot hold every number.
  if (parent.outputIndex >= LIMITS.outputs) return false
  const rows = await db`
    select from generation_outputs o join generations g on g.id = o.generation_id and g.workspace_id = o.workspace_id
    where g.id = ${parent.generationId} and g.workspace_id = ${workspaceId} and o.index = ${parent.outputIndex}
      and (o.state <> 'deleted' or o.deleted_from is not null)
    for key share of g`
  return rows.length > 0
}
