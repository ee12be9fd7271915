import type { SeedImage } from '../../local/seed/images.ts'
import type { Transaction } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'

export interface HistoryRows {
  images: readonly SeedImage[]
  /** Numbers of the first and the last generation, and the number that one created now would have. */
  from: number
  to: number
  now: number
  /** Whether a worker has started them now with a lease of an hour. Otherwise they are finished, one per hour until now. */
  isRunning: boolean
}

/** Number of generations after which outputs, images, prompts and failures repeat. Only numbers and times differ. */
const PATTERN_LENGTH = 600

const PROMPT_TEXT =
  'terraced hills under a copper sky, seen from very far away, low sun, long shadows, one window lit. '

/**
 * Inserts generations of one to four outputs, every fifth with a prompt of many lines. One in fifty of the finished ones failed.
 * The images are few, but each output has a placeholder of its own, as in a studio. Triggers are off, because they would take a second
 * per thousand rows: their rows are inserted in bulk, from texts that repeat.
 */
export async function insertHistoryRows(
  tx: Transaction,
  { images, from, to, now, isRunning }: HistoryRows,
): Promise<void> {
  const numbered = images.map((image, n) => ({ ...image, n }))
  await tx`set local session_replication_role = replica`
  await tx`set local work_mem = '128MB'`
  await tx`
    create temporary table image on commit drop as select * from jsonb_to_recordset(${tx.json(numbered)})
      as p (n int, ratio text, key text, width int, height int, bytes bigint, placeholder text)`
  await tx`
    create temporary table made on commit drop as
    select i, uuidv7(at - now()) as id, at, 1 + i % 4 as outputs, i % ${images.length}::int as image,
           case when ${isRunning} then 'processing' when i % 50 = 7 then 'failed' else 'completed' end as status,
           ${isRunning ? 'begun now, ' : ''} || 'No. ' || i || ': ' || repeat(${PROMPT_TEXT}, case when i % 5 = 0 then 6 else 1 + i % 2 end) as prompt
    from (
      select i, now() - make_interval(hours => ${now}::int - i) as at from generate_series(${from}::int, ${to}::int) i
    ) hours`
  await tx`
    insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, parameters,
                             num_outputs, error, estimated_seconds, created_at, started_at, completed_at)
    select id, ${LOCAL_OWNER.workspaceId}, ${LOCAL_OWNER.userId}, gen_random_uuid(), '', status, 'image', 'demo', 'demo', prompt,
           jsonb_build_object('aspectRatio', ratio, 'resolution', 512, 'numOutputs', outputs), outputs,
           case status when 'failed' then '{"code":"content_refused","message":"The provider refused the prompt."}'::jsonb end,
           40, at, at, case when status <> 'processing' then at + interval '5 seconds' end
    from made join image on n = image`
  await tx`
    insert into generation_jobs (workspace_id, generation_id, attempt, lease_owner, lease_until)
    select ${LOCAL_OWNER.workspaceId}, id, 1, case when ${isRunning} then 'test-worker' end, case when ${isRunning} then now() + interval '1 hour' end from made`
  await tx`
    insert into generation_outputs (workspace_id, generation_id, index, state, kind, key, placeholder, width, height, bytes, mime_type)
    select ${LOCAL_OWNER.workspaceId}, id, o, case status when 'completed' then 'stored' when 'failed' then 'failed' else 'pending' end, 'image',
           case status when 'completed' then key end,
           overlay(placeholder placing left(md5((i - ${from}::int) % ${PATTERN_LENGTH}::int || '-' || o), 4) from 9), width, height, bytes, 'image/png'
    from made, generate_series(0, outputs - 1) o, image where n = (image + o * 5) % ${images.length}::int`
  await tx`
    with template as materialized (
      select i, g.id, g.client_id, timestamp_text(at) as at, timestamp_text(at + interval '5 seconds') as ended,
             generation_document(g)::text as document
      from made join generations g using (id) where i <= ${from + PATTERN_LENGTH - 1}::int
    )
    insert into generation_documents (generation_id, workspace_id, created_at, status, kind, model, favourite, has_references, document)
    select g.id, g.workspace_id, g.created_at, g.status, g.kind, g.model, false, false,
           replace(replace(replace(replace(replace(t.document, t.id::text, g.id::text), t.client_id::text, g.client_id::text),
             'No. ' || t.i || ':', 'No. ' || m.i || ':'), t.at, timestamp_text(m.at)), t.ended, timestamp_text(m.at + interval '5 seconds'))
    from made m join generations g using (id) join template t on t.i = ${from}::int + (m.i - ${from}::int) % ${PATTERN_LENGTH}::int`
  await tx`drop table made, image`
  await tx`set local session_replication_role = origin`
}
