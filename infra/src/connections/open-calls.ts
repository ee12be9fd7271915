import type { Queryable } from '../database/connection.ts'

/** Returns the subquery that selects the calls `p` of a connection `c` that are under way, for a condition `exists`. */
export function selectOpenCalls(db: Queryable) {
  return db`
    select from generations g join provider_calls p on p.workspace_id = g.workspace_id and p.generation_id = g.id
    where g.provider = c.id and g.status in ('processing', 'uploading') and p.finished_at is null`
}
