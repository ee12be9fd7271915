import { hostname } from 'node:os'
import { jobSubject } from '@darkroom/contracts/subjects'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import { enqueueMessage } from '@darkroom/infra/database/outbox'
import { isActive } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { transition } from '@darkroom/infra/generations/generations'
import { reopenJob, resetOutputs } from '@darkroom/infra/generations/reopen'
import type { FinalOutcome, Job, JobCall } from '../queue/job.ts'
import type { CallName } from './journal.ts'

/** Records a call before it is made: after a crash the row shows that it may have been submitted, and on which host. */
export async function recordCall(tx: Transaction, job: Job, call: JobCall, host: string | null): Promise<void> {
  if (host !== null) await renewHost(tx, host)
  await tx`
    insert into provider_calls (workspace_id, generation_id, call, first_index, count, round, submitted_at, host, attempt)
    values (${job.workspaceId}, ${job.id}, ${call.call}, ${call.firstIndex}, ${call.count}, ${call.round}, clock_timestamp(), ${host},
            ${job.attempt})
    on conflict (generation_id, call) do update set submitted_at = excluded.submitted_at, host = excluded.host,
      attempt = excluded.attempt`
}

/**
 * Asserts that the database has the note of a call and that its claim still has the lease. It is a statement of its own: a
 * transaction that was believed to be committed, through a pooler for example, may not have been.
 *
 * @throws Error otherwise; the call must not be made then
 */
export async function assertCallRecorded(database: Database, job: Job, call: JobCall): Promise<void> {
  const rows = await database`
    select from provider_calls c join generation_jobs j on j.generation_id = c.generation_id
    where c.generation_id = ${job.id} and c.call = ${call.call} and c.attempt = ${job.attempt} and c.request_id is null
      and c.finished_at is null and j.attempt = ${job.attempt} and j.lease_until > clock_timestamp()`
  if (rows.length === 0) throw new Error(`call ${call.call} of generation ${job.id} is not noted`)
}

/**
 * Notes the provider's request id of a call: from then on a crash leads to a poll, and not to another purchase. It needs no
 * lease, and changes nothing if the id was noted before. A call that was given up as unknown is open again.
 *
 * @returns whether the row has the id now; false if there is no such call
 */
export async function noteRequestId(
  db: Queryable,
  name: Pick<CallName, 'generationId' | 'call'>,
  requestId: string,
): Promise<boolean> {
  const { generationId, call } = name
  await db`
    update provider_calls set request_id = ${requestId},
      finished_at = case when outcome = 'unknown' then null else finished_at end,
      outcome = case when outcome = 'unknown' then null else outcome end
    where generation_id = ${generationId} and call = ${call} and request_id is null`
  const [row] = await db<{ requestId: string }[]>`
    select request_id as "requestId" from provider_calls where generation_id = ${generationId} and call = ${call}`
  return row?.requestId === requestId
}

/** Records that a call has ended and gives no more outputs. */
export async function recordCallEnd(tx: Transaction, job: Job, call: JobCall, outcome: FinalOutcome): Promise<void> {
  await tx`
    update provider_calls set finished_at = clock_timestamp(), outcome = ${outcome}
    where generation_id = ${job.id} and call = ${call.call}`
}

/** Deletes the record of a call that the provider refused before the work began. */
export async function deleteCall(tx: Transaction, job: Job, call: JobCall): Promise<void> {
  await tx`delete from provider_calls where generation_id = ${job.id} and call = ${call.call} and request_id is null`
}

/** Renews the time at which a journal's host was last seen. */
export async function renewHost(db: Queryable, host: string): Promise<void> {
  await db`
    insert into journal_hosts (id, name) values (${host}, ${hostname()})
    on conflict (id) do update set seen_at = clock_timestamp()`
}

/**
 * The state of a journaled call by its row. `settled`: nothing more is needed of its answer. `open`: its generation is being worked on or
 * is due. `missed`: its generation ended without it. `cancelled`: its user cancelled, so its outputs are only for a retry.
 * `purged`: its generation was removed permanently. `none`: the database does not have it.
 */
export type RecordedCall = { state: 'none' | 'purged' } | RecordedOpenCall

export interface RecordedOpenCall {
  state: 'settled' | 'open' | 'missed' | 'cancelled'
  requestId: string | null
  firstIndex: number
  count: number
  /** Time since it was submitted, by the database's clock. */
  ageSeconds: number
}

/** Reads the state of a call. A row of another attempt is another call of the same number. */
export async function readRecordedCall(
  db: Queryable,
  { generationId, call, attempt }: CallName,
): Promise<RecordedCall> {
  const [row] = await db<RecordedOpenCall[]>`
    select c.request_id as "requestId", c.first_index as "firstIndex", c.count, extract(epoch from clock_timestamp() - c.submitted_at)::float as "ageSeconds",
      case when c.outcome in ('finished', 'failed', 'cancelled') then 'settled'
           when not exists (select from generation_outputs o where o.generation_id = c.generation_id
             and o.index between c.first_index and c.first_index + c.count - 1
             and o.state not in ('stored', 'temporary', 'lost', 'deleted')) then 'settled'
           when g.status = 'cancelled' then 'cancelled'
           when g.status in ('completed', 'failed') then 'missed'
           else 'open' end as state
    from provider_calls c join generations g on g.id = c.generation_id
    where c.generation_id = ${generationId} and c.call = ${call} and c.attempt = ${attempt}`
  return row ?? { state: (await isPurged(db, generationId)) ? 'purged' : 'none' }
}

async function isPurged(db: Queryable, id: string): Promise<boolean> {
  const rows = await db`select from purged_generations where id = ${id}`
  return rows.length > 0
}

const REOPENED = 'the answer of its provider was found'
/** Times that a generation is reopened for one call: an answer may end each process that reads it. */
const MAX_REOPENINGS = 3

/**
 * Reopens a generation that has ended without the outputs of a call whose answer is known by now. They are fetched, and nothing
 * is bought. Other outputs are not changed. A restored copy reopens nothing: nobody could work on it.
 *
 * @returns whether it was reopened
 */
export async function reopenForAnswer(database: Database, { generationId: id, call }: CallName): Promise<boolean> {
  const detail = `${REOPENED} (call ${call})`
  return await transaction(database, async tx => {
    await tx`select from generation_jobs where generation_id = ${id} for update`
    const [row] = await tx<ReopenedRow[]>`
      select g.workspace_id as "workspaceId", g.status, g.provider, j.attempt, c.first_index as "firstIndex", c.count
      from generations g join generation_jobs j on j.generation_id = g.id
        join provider_calls c on c.generation_id = g.id and c.call = ${call}
      where g.id = ${id} and g.deleted_at is null and ${isActive(tx)}
        and (select count(*) from generation_events e where e.generation_id = g.id and e.detail = ${detail}) < ${MAX_REOPENINGS}`
    if (row?.status !== 'failed' && row?.status !== 'completed') return false
    const { workspaceId, status, provider, attempt, firstIndex, count } = row
    const generation = { id, workspaceId }
    await tx`
      update provider_calls set finished_at = null, outcome = null where generation_id = ${id} and call = ${call}`
    await resetOutputs(
      tx,
      generation,
      Array.from({ length: count }, (_, offset) => firstIndex + offset),
    )
    const to = status === 'failed' ? 'processing' : 'queued'
    await transition(tx, { ...generation, to, attempt, detail })
    await reopenJob(tx, generation, 'check')
    await enqueueMessage(tx, jobSubject(provider), { v: 1, type: 'generation.queued', id }, workspaceId)
    return true
  })
}

interface ReopenedRow {
  workspaceId: string
  status: string
  provider: string
  attempt: number
  firstIndex: number
  count: number
}
