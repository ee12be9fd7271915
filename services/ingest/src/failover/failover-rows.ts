import type { InputRole } from '@darkroom/contracts/model'
import { FAILOVER_WAITS } from '@darkroom/contracts/other-model/failover-reason'
import type { PublicParameters } from '@darkroom/contracts/parameters'
import type { Database } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'

/** A generation that has waited for its connection for so long that the rule of the connection applies. */
export interface DueGeneration {
  id: string
  workspaceId: string
  userId: string
  prompt: string
  parameters: PublicParameters
  parent: { generationId: string; outputIndex: number; verb: string } | null
  /** The model of the rule. */
  failoverModel: string
  references: { id: string | null; role: InputRole }[]
}

/** Most generations of one look. */
const BATCH = 50

/**
 * Reads the generations that wait for a connection with a rule, the oldest first. What a rule has made already is not among them: two
 * rules that name each other would never end.
 */
export async function readDueGenerations(db: Database, afterSeconds: number): Promise<DueGeneration[]> {
  return await db<DueGeneration[]>`
    select g.id, g.workspace_id as "workspaceId", g.user_id as "userId", g.prompt, g.parameters, g.parent,
      c.failover_model as "failoverModel",
      coalesce((
        select json_agg(json_build_object('id', r.reference_id, 'role', r.role) order by r.position)
        from generation_references r where r.workspace_id = g.workspace_id and r.generation_id = g.id), '[]') as references
    from connections c
      join generations g on g.provider = c.id
      join generation_jobs j on j.workspace_id = g.workspace_id and j.generation_id = g.id
    where c.failover_model is not null and c.removed_at is null and ${isActive(db)}
      and g.status in ('queued', 'processing') and g.deleted_at is null and g.instead_of is null
      and g.waiting ->> 'reason' in ${db(FAILOVER_WAITS as unknown as string[])}
      and j.waiting_since < clock_timestamp() - make_interval(secs => ${afterSeconds})
    order by g.created_at, g.id limit ${BATCH}`
}
