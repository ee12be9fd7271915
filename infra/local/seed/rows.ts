import { type AdaptiveBatches, createAdaptiveBatches } from '../../src/database/adaptive-batch.ts'
import type { Database, Transaction } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'
import type { Identity } from '../../src/http/identity.ts'
import { type Bloat, insertBloat } from './bloat.ts'
import type { SeedImage } from './images.ts'

export interface SeedOptions {
  identity: Identity
  images: readonly SeedImage[]
  /** Number of generations. Their dates span up to two years. */
  count: number
  /** Date of the newest generation; now unless given. */
  newestAt?: Date
  bloat: Bloat | null
  /** Called when the database has no time for a batch: it goes on with so many generations at a time. */
  onBusy?: (size: number) => void
}

const BATCH = 2_500
const BLOATED_BATCH = 500
const SPAN_DAYS = 730

const SUBJECTS = ['a lighthouse', 'two foxes', 'an old tram', 'a glass of tea', 'the night market', 'a paper boat']
const LOCATIONS = [
  'in the fog',
  'on a frozen lake',
  'under a railway bridge',
  'above the clouds',
  'at the edge of a forest',
]
const LIGHTS = [
  'low winter sun',
  'neon and rain',
  'candle light',
  'blue hour',
  'hard noon light',
  'moonlight',
  'overcast',
]
const STYLES = [
  '35mm film, grain, muted colours',
  'watercolour on rough paper',
  'large format, every leaf sharp',
  'linocut',
]
const LONG_PROMPT = `The horizon lies low, nothing in the middle of the frame, one warm window far away. Keep the greens quiet and the
blacks open; no text, no frame, no people.`

/**
 * Inserts finished generations by SQL, without any call to a provider. They share the given images. On a busy machine the batches are
 * smaller. The oldest comes first, and one batch after the other, as a studio writes them: of two at once, indexes keep pages half empty.
 *
 * @param onProgress called with the number of generations inserted so far
 */
export async function insertGenerations(
  database: Database,
  rows: SeedOptions,
  onProgress: (done: number) => void,
): Promise<void> {
  await transaction(database, tx => insertReferences(tx, rows))
  const maxSize = rows.bloat ? BLOATED_BATCH : BATCH
  const onRetry = (_: unknown, size: number) => rows.onBusy?.(size)
  const batches = createAdaptiveBatches(database, { maxSize, signal: new AbortController().signal, onRetry })
  const seed = { ...rows, run: crypto.randomUUID() }
  for (let done = 0; done < rows.count; ) {
    done += await insertNextBatch(batches, seed, done + 1)
    onProgress(done)
  }
}

interface SeedRun extends SeedOptions {
  /** Part of the client ids, by which a batch is known that was written although its connection broke. */
  run: string
}

/** Inserts the next batch, unless an earlier try has. @returns the number of its generations */
async function insertNextBatch(batches: AdaptiveBatches, rows: SeedRun, from: number): Promise<number> {
  return await batches.run(async (tx, size) => {
    const last = Math.min(from + size - 1, rows.count)
    const written = await tx`
      select from generations where workspace_id = ${rows.identity.workspaceId}
        and client_id = any(select ${computeClientId(tx, rows)} from generate_series(${from}::int, ${last}::int) i)`
    if (written.length > 0) return written.length
    await insertBatch(tx, rows, from, last)
    return last - from + 1
  })
}

async function insertReferences(tx: Transaction, { identity, images }: SeedOptions): Promise<void> {
  await tx`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
    select uuidv7(), ${identity.workspaceId}, decode(p.sha256, 'hex'), p.key, 'image/png', p.bytes, p.width, p.height
    from ${selectImages(tx, images)} order by p.sha256 on conflict (workspace_id, sha256) do nothing`
}

async function insertBatch(tx: Transaction, rows: SeedRun, from: number, to: number): Promise<void> {
  const { identity, images, count, newestAt = new Date() } = rows
  // The hash seeds (`picture`, `place`) stay as they are, so that every version writes the same data.
  const pick = (phrases: readonly string[], of: string) =>
    tx`(${phrases as string[]}::text[])[1 + abs(hashtext(${of} || i) % ${phrases.length}::int)]`
  const inserted = await tx<{ id: string }[]>`
    with seeded as materialized (
      select i, uuidv7(at - now()) as id, at, 1 + abs(hashtext('outputs' || i) % 4) as outputs,
             abs(hashtext('picture' || i) % ${images.length}::int) as image,
             case when i % 33 = 0 then 'failed' when i % 41 = 0 then 'cancelled' else 'completed' end as status,
             case when i % 66 = 0 then 'video' else 'image' end as kind, case when i % 5 = 0 then 'demo-large' else 'demo' end as model,
             ${pick(SUBJECTS, 'subject')} || ' ' || ${pick(LOCATIONS, 'place')} || ', ' || ${pick(LIGHTS, 'light')} || '. '
               || ${pick(STYLES, 'style')} || '. ' || case when i % 3 = 0 then ${LONG_PROMPT} else '' end as prompt
      from (
        select i, ${newestAt.toISOString()}::text::timestamptz - make_interval(secs => (${count}::int - i) * least(900, ${SPAN_DAYS * 86_400}::float / ${count}::int)) as at
        from generate_series(${from}::int, ${to}::int) i
      ) times
    ), p as (select * from ${selectImages(tx, images)}),
    inserted_generations as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, version, status, kind, model, provider,
                               prompt, parameters, num_outputs, error, estimated_seconds, created_at, started_at, completed_at)
      select m.id, ${identity.workspaceId}, ${identity.userId}, ${computeClientId(tx, rows)}, '', 5, m.status, m.kind,
             m.model, 'demo', m.prompt,
             jsonb_build_object('aspectRatio', p.ratio, 'resolution', 512, 'numOutputs', m.outputs, 'seed', m.i), m.outputs,
             case m.status when 'failed' then '{"code":"refused","message":"The provider refused the prompt."}'::jsonb end,
             4, m.at, m.at + interval '1 second', m.at + interval '5 seconds'
      from seeded m join p on p.n = m.image
    ), jobs as (
      insert into generation_jobs (workspace_id, generation_id, attempt) select ${identity.workspaceId}, id, 1 from seeded
    ), outputs as (
      insert into generation_outputs (workspace_id, generation_id, index, state, kind, key, placeholder, width, height, bytes,
                                      mime_type, sha256, favourite, error)
      select ${identity.workspaceId}, m.id, o, case when m.status = 'completed' then 'stored' else 'failed' end, m.kind,
             case when m.status = 'completed' then p.key end, case when m.status = 'completed' then p.placeholder end,
             p.width, p.height, case when m.status = 'completed' then p.bytes end,
             case when m.status = 'completed' then 'image/png' end,
             case when m.status = 'completed' then decode(p.sha256, 'hex') end,
             m.status = 'completed' and m.i % 20 = 0 and o = 0,
             case when m.status = 'failed' then '{"code":"refused","message":"The provider refused the prompt."}'::jsonb end
      from seeded m, generate_series(0, m.outputs - 1) o, p
      where p.n = (m.image + o * 8) % ${images.length}::int
    ), uses as (
      insert into generation_references (workspace_id, generation_id, position, reference_id)
      select r.workspace_id, m.id, 0, r.id from seeded m join p on p.n = m.image
      join reference_images r on r.workspace_id = ${identity.workspaceId} and r.sha256 = decode(p.sha256, 'hex')
      where m.i % 10 = 0
    ), costs as (
      insert into call_costs (generation_id, call, attempt, workspace_id, connection, model, kind, count, estimated_micros,
                              reported_micros, made_at, ended_at, outcome, outputs)
      select m.id, 0, 1, ${identity.workspaceId}, 'demo', m.model, m.kind, m.outputs, m.micros,
             case when m.i % 3 > 0 and m.status <> 'failed' then m.micros end, m.at + interval '1 second', m.at + interval '5 seconds',
             case when m.status = 'completed' then 'finished' when m.i % 66 = 0 then 'not-billed' else 'failed' end,
             case when m.status = 'completed' then m.outputs else 0 end
      from (
        select *, outputs * case when kind = 'video' then 500000 when model = 'demo-large' then 80000 else 30000 end as micros from seeded
      ) m
    ), events as (
      insert into generation_events (workspace_id, generation_id, attempt, to_status, at)
      select ${identity.workspaceId}, id, 1, status, at from seeded
    )
    select id from seeded order by i`
  if (rows.bloat) await insertBloat(tx, rows.bloat, { ids: inserted.map(row => row.id), from })
}

/** Returns the expression of the client id of generation `i`: a UUID of version 8. */
function computeClientId(tx: Transaction, { run }: SeedRun) {
  return tx`overlay(overlay(md5(${run} || i) placing '8' from 13 for 1) placing '8' from 17 for 1)::uuid`
}

function selectImages(tx: Transaction, images: readonly SeedImage[]) {
  const numbered = images.map((image, n) => ({ ...image, n }))
  return tx`jsonb_to_recordset(${tx.json(numbered)}) as p
    (n int, ratio text, key text, width int, height int, bytes bigint, placeholder text, sha256 text)`
}
