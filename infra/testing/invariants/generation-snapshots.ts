import type { OutputState, Status } from '@darkroom/contracts/enums'
import type { Database } from '../../src/database/connection.ts'

export interface RecordedTransition {
  attempt: number
  from: Status | null
  to: Status
  at: string
}

export interface OutputSnapshot {
  index: number
  /** State; of a deleted output, that which a restore would bring back. */
  state: OutputState
  key: string | null
  bytes: number | null
  sha256: string | null
  /** Whether a rehost is scheduled. */
  isTriedFor: boolean
}

/** A generation as the database has it, with its complete history. */
export interface GenerationSnapshot {
  id: string
  workspaceId: string
  clientId: string
  prompt: string
  connection: string
  status: Status
  numOutputs: number
  error: { code: string; message: string } | null
  attempt: number
  happened: RecordedTransition[]
  outputs: OutputSnapshot[]
  /** Its last message in the outbox, and whether it was published; null if the outbox has none. */
  lastNotice: { messageId: string; isPublished: boolean; at: string } | null
}

/** Reads all generations of a workspace, by id. */
export async function readGenerationSnapshots(
  sql: Database,
  workspaceId: string,
): Promise<Map<string, GenerationSnapshot>> {
  const rows = await sql<GenerationSnapshot[]>`
    select g.id, g.workspace_id as "workspaceId", g.client_id as "clientId", g.prompt, g.provider as connection, g.status,
           g.num_outputs as "numOutputs", g.error, j.attempt,
      (select json_agg(json_build_object('attempt', e.attempt, 'from', e.from_status, 'to', e.to_status,
              'at', timestamp_text(e.at)) order by e.id)
       from generation_events e where e.generation_id = g.id
         -- The other events are about an output.
         and (e.from_status is distinct from e.to_status or e.to_status in ('processing', 'uploading'))) as happened,
      (select json_agg(json_build_object('index', o.index, 'state', coalesce(o.deleted_from, o.state), 'key', o.key, 'bytes', o.bytes,
              'sha256', encode(o.sha256, 'hex'), 'isTriedFor', r.generation_id is not null) order by o.index)
       from generation_outputs o left join rehosts r on r.generation_id = o.generation_id and r.index = o.index
       where o.generation_id = g.id) as outputs,
      n.notice as "lastNotice"
    from generations g join generation_jobs j on j.generation_id = g.id
    left join (
      select distinct on (b.payload ->> 'id') b.payload ->> 'id' as id, json_build_object(
        'messageId', 'ob-' || b.id || '-' || (extract(epoch from b.created_at) * 1000000)::bigint,
        'isPublished', b.published_at is not null, 'at', timestamp_text(b.created_at)) as notice
      from outbox b where b.subject like 'events.%' order by b.payload ->> 'id', b.id desc
    ) n on n.id = g.id::text
    where g.workspace_id = ${workspaceId}`
  return new Map(rows.map(row => [row.id, { ...row, happened: row.happened ?? [], outputs: row.outputs ?? [] }]))
}
