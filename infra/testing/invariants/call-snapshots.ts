import type { Database } from '../../src/database/connection.ts'

/** A call of the fake provider as the database has it. */
export interface CallSnapshot {
  generationId: string
  /** The idempotency key with which it was submitted. */
  key: string
  requestId: string | null
  /** In ms since 1970. */
  submittedAt: number
  /** Whether its outcome is recorded, or shown to users, as unknown, and outputs of it are missing. */
  isUnknown: boolean
}

/** Reads the calls of all generations of a workspace. */
export async function readCallSnapshots(sql: Database, workspaceId: string): Promise<CallSnapshot[]> {
  return await sql<CallSnapshot[]>`
    select c.generation_id as "generationId", c.generation_id || ':' || c.call as key, c.request_id as "requestId",
      (extract(epoch from c.submitted_at) * 1000)::float8 as "submittedAt",
      c.request_id is null and ((c.outcome = 'unknown' and exists (
          select from generation_outputs o where o.generation_id = c.generation_id
            and o.index >= c.first_index and o.index < c.first_index + c.count
            and o.state not in ('stored', 'temporary', 'deleted'))) or (c.outcome is null
        and g.status in ('failed', 'completed') and exists (
          select from generation_outputs o where o.generation_id = c.generation_id
            and o.index >= c.first_index and o.index < c.first_index + c.count
            and o.error ->> 'code' = 'unknown_outcome'))) is true as "isUnknown"
    from provider_calls c join generations g on g.id = c.generation_id
    where g.workspace_id = ${workspaceId} and g.provider = 'fake' and c.submitted_at is not null`
}
