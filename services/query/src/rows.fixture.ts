import type { OutputState } from '@darkroom/contracts/enums'
import type { Queryable } from '@darkroom/infra/database/connection'

/** Columns that differ from the defaults of `insertRow`. */
export interface RowOverrides {
  id?: string
  createdAt?: string
  status?: string
  kind?: string
  model?: string
  prompt?: string
  favourite?: boolean
  reference?: string | null
  deleted?: boolean
  /** The generation that this one was derived from. */
  parent?: { id: string; verb: string } | null
  /** States of the outputs. */
  outputs?: readonly OutputState[]
}

/** Inserts a completed generation of a workspace, for tests. @returns its id */
export async function insertRow(db: Queryable, workspaceId: string, overrides: RowOverrides = {}): Promise<string> {
  const {
    id = Bun.randomUUIDv7(),
    status = 'completed',
    kind = 'image',
    model = 'demo',
    prompt = 'a prompt',
  } = overrides
  const { createdAt = new Date().toISOString(), favourite = false, reference = null, deleted = false } = overrides
  const { parent = null, outputs = ['pending'] } = overrides
  const parentJson = parent && db.json({ generationId: parent.id, outputIndex: 0, verb: parent.verb })
  await db`
    with inserted as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt,
                               num_outputs, parent, created_at, deleted_at)
      values (${id}, ${workspaceId}, ${id}, ${id}, '', ${status}, ${kind}, ${model}, 'demo', ${prompt}, ${outputs.length},
              ${parentJson}, ${createdAt}::text::timestamptz, case when ${deleted}::boolean then now() end)
    ), job as (
      insert into generation_jobs (workspace_id, generation_id) values (${workspaceId}, ${id})
    ), reference as (
      insert into generation_references (workspace_id, generation_id, position, url)
      select ${workspaceId}, ${id}, 0, ${reference} where ${reference}::text is not null
    )
    insert into generation_outputs (workspace_id, generation_id, index, kind, favourite, state, key, provider_url, mime_type)
    select ${workspaceId}, ${id}, at - 1, ${kind}, ${favourite}::boolean and at = 1, state,
           case when state in ('stored', 'deleted') then 'w/' || ${workspaceId} || '/gen/' || ${id} || '/1/' || at - 1 || '.png' end,
           case when state = 'temporary' then 'https://example.com/a.png' end, case when state <> 'pending' then 'image/png' end
    from unnest(${outputs as string[]}::text[]) with ordinality as o (state, at)`
  return id
}

const BATCH = 1_000

/** Inserts `count` generations with a mix of statuses, kinds and models, for tests. */
export async function insertRows(db: Queryable, workspaceId: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += BATCH)
    await insertBatch(db, workspaceId, from, Math.min(count, from + BATCH - 1))
  await db`analyze generations, generation_documents, generation_words, generation_raw`
}

async function insertBatch(db: Queryable, workspaceId: string, from: number, to: number): Promise<void> {
  await db`
    with inserted as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt,
                               num_outputs, created_at, deleted_at)
      select gen_random_uuid(), ${workspaceId}, ${workspaceId}, gen_random_uuid(), '',
             case when i % 25 = 0 then 'failed' else 'completed' end, case when i % 20 = 0 then 'video' else 'image' end,
             case when i % 40 = 0 then 'rare' else 'demo' end, 'demo', 'a prompt number ' || i, 1,
             now() - make_interval(mins => i), case when i % 30 = 0 then now() end
      from generate_series(${from}::int, ${to}::int) i returning id
    ), raw as (
      insert into generation_raw (workspace_id, generation_id, parameters)
      select ${workspaceId}, id, '{"referenceImage":"data:image/png;base64,AAAA"}' from inserted
    ), job as (
      insert into generation_jobs (workspace_id, generation_id) select ${workspaceId}, id from inserted
    ), reference as (
      insert into generation_references (workspace_id, generation_id, position, url)
      select ${workspaceId}, id, 0, 'https://example.com/a.png' from inserted where hashtext(id::text) % 30 = 0
    )
    insert into generation_outputs (workspace_id, generation_id, index, kind, favourite)
    select ${workspaceId}, id, 0, 'image', hashtext(id::text) % 25 = 0 from inserted`
}
