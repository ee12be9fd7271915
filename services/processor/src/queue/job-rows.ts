import type { Queryable } from '@darkroom/infra/database/connection'
import type { Job, JobCall, JobOutput, JobReference } from './job.ts'

/** Reads a generation with everything that a worker needs of it; undefined if there is none. */
export async function readJob(db: Queryable, id: string): Promise<Job | undefined> {
  const [row] = await db<Omit<Job, 'outputs' | 'calls' | 'references'>[]>`
    select g.id, g.workspace_id as "workspaceId", j.attempt, j.failures, j.round, j.progress,
           case when c.removed_at is null then j.mode else 'check' end as mode, g.status, g.kind, g.model,
           g.provider as connection, g.prompt, g.parameters, g.parent ->> 'verb' as verb, g.output_micros::float8 as "outputMicros", g.currency
    from generations g join generation_jobs j on j.generation_id = g.id left join connections c on c.id = g.provider
    where g.id = ${id}`
  if (!row) return undefined
  return {
    ...row,
    outputs: await readOutputs(db, id),
    calls: await readCalls(db, id),
    references: await readReferences(db, id),
  }
}

async function readOutputs(db: Queryable, id: string): Promise<JobOutput[]> {
  return await db<JobOutput[]>`
    select index, state, width, height, provider_url as "providerUrl", poster_url as "posterUrl", needs_auth as "needsAuth"
    from generation_outputs where generation_id = ${id} order by index`
}

/** Reads the calls of a generation, in order. */
export async function readCalls(db: Queryable, id: string): Promise<JobCall[]> {
  return await db<JobCall[]>`
    select c.call, c.first_index as "firstIndex", c.count, c.round, c.request_id as "requestId",
           c.finished_at is not null as finished, c.outcome, c.cancel_tried_at is not null as "cancelRequested",
           extract(epoch from clock_timestamp() - c.submitted_at)::float as "ageSeconds", c.attempt, c.host,
           extract(epoch from clock_timestamp() - greatest(c.submitted_at, h.seen_at))::float as "hostSilentSeconds"
    from provider_calls c left join journal_hosts h on h.id = c.host where c.generation_id = ${id} order by c.call`
}

async function readReferences(db: Queryable, id: string): Promise<JobReference[]> {
  return await db<JobReference[]>`
    select i.key, r.role from generation_references r join reference_images i on i.id = r.reference_id
    where r.generation_id = ${id} order by r.position`
}
