import { JOB_SUBJECTS } from '@darkroom/contracts/subjects'
import type { Database } from '@darkroom/infra/database/connection'
import { enqueueJobs } from '@darkroom/infra/database/outbox'
import { transaction } from '@darkroom/infra/database/transaction'
import type { GenerationKey } from '@darkroom/infra/generations/generations'

const BATCH_SIZE = 500

/** Counts a connection's generations that have not ended. */
export async function countUnfinished(database: Database, connection: string): Promise<number> {
  const [row] = await database<{ count: number }[]>`
    select count(*)::int as count from generations
    where status in ('queued', 'processing', 'uploading') and provider = ${connection}`
  return row?.count ?? 0
}

/** Finds generations without a lease whose connection is served neither here nor elsewhere and that are not marked so yet. */
export async function findUnservedGenerations(database: Database, connections: string[]): Promise<GenerationKey[]> {
  return await database<GenerationKey[]>`
    select g.id, g.workspace_id as "workspaceId" from generations g join generation_jobs j on j.generation_id = g.id
    where g.status in ('queued', 'processing', 'uploading') and not g.provider = any(${connections})
      and not exists (select from processors p where g.provider = any(p.connections) and p.seen_at > clock_timestamp() - interval '60 seconds')
      and g.waiting ->> 'reason' is distinct from 'not-configured'
      and coalesce(j.lease_until, '-infinity') < clock_timestamp()
    limit ${BATCH_SIZE}`
}

/** Returns whether the message of a job has been in the outbox for longer than publishing takes. */
export async function isRelayBehind(database: Database): Promise<boolean> {
  const [row] = await database`
    select from outbox
    where published_at is null and created_at < clock_timestamp() - interval '2 seconds' and subject like ${JOB_SUBJECTS.replace('*', '%')}
    limit 1`
  return row !== undefined
}

/**
 * Enqueues jobs again that are due, have no lease, and were not enqueued lately.
 *
 * @param options `seconds` since a job was last enqueued
 * @returns their number
 */
export async function enqueueLostJobs(
  database: Database,
  options: { connection: string; subject: string; seconds: number },
): Promise<number> {
  return await transaction(database, async tx => {
    const jobs = await tx<GenerationKey[]>`
      update generation_jobs j set announced_at = clock_timestamp()
      from (
        select j.generation_id from generation_jobs j join generations g on g.id = j.generation_id
        where g.status in ('queued', 'processing', 'uploading') and g.provider = ${options.connection}
          and coalesce(j.lease_until, '-infinity') < clock_timestamp()
          and coalesce(j.next_check_at, '-infinity') < clock_timestamp() - interval '2 seconds'
          and j.announced_at < clock_timestamp() - make_interval(secs => ${options.seconds})
        order by g.created_at limit ${BATCH_SIZE} for update of j skip locked
      ) lost
      where j.generation_id = lost.generation_id returning j.generation_id as id, j.workspace_id as "workspaceId"`
    await enqueueJobs(tx, options.subject, jobs)
    return jobs.length
  })
}
