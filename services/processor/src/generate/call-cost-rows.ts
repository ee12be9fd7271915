import type { ModelSpec } from '@darkroom/contracts/model'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { CallName } from '../answers/journal.ts'
import type { Receipt } from '../providers/adapter.ts'
import type { FinalOutcome, Job, JobCall } from '../queue/job.ts'
import { findOtherModel } from './ran-model.ts'
import { toStorableReceipt } from './storable-receipt.ts'

/** Outcome of a call as far as its bill is concerned. `not-billed`: it was refused before the work began, or refunded. */
export type CostOutcome = 'finished' | 'failed' | 'unknown' | 'not-billed'

/** Records the estimated cost of a call before it is made. A repeated record of the same attempt changes nothing. */
export async function openCallCost(tx: Transaction, job: Job, { call, count }: JobCall): Promise<void> {
  const estimate = job.outputMicros === null ? null : job.outputMicros * count
  await tx`
    insert into call_costs (generation_id, call, attempt, workspace_id, connection, model, kind, count, currency, estimated_micros)
    values (${job.id}, ${call}, ${job.attempt}, ${job.workspaceId}, ${job.connection}, ${job.model}, ${job.kind}, ${count},
            ${job.currency}, ${estimate})
    on conflict do nothing`
}

/** Records what the provider reports about a call. What is reported again replaces it. */
export async function recordReceipt(db: Queryable, name: CallName, receipt: Receipt): Promise<void> {
  const { cost, usage, trace, seed, revisedPrompt, model } = toStorableReceipt(receipt)
  // First: it locks the job, which every writing transaction locks first.
  if (model !== undefined) await recordRanModel(db, name, model)
  const details = { ...(seed !== undefined && { seed }), ...(revisedPrompt !== undefined && { revisedPrompt }) }
  await db`
    update call_costs set
      reported_micros = coalesce(${cost?.micros ?? null}::bigint, reported_micros),
      currency = coalesce(${cost?.currency ?? null}, currency),
      usage = coalesce(${usage ? db.json(usage) : null}, usage),
      trace = coalesce(${trace ?? null}, trace),
      receipt = coalesce(receipt, '{}') || ${db.json(details)}
    where generation_id = ${name.generationId} and call = ${name.call} and attempt = ${name.attempt}`
}

/** Records that another model ran than the one that was asked for, if it was. */
async function recordRanModel(db: Queryable, { generationId: id }: CallName, reported: string): Promise<void> {
  await db`select from generation_jobs where generation_id = ${id} for update`
  const [row] = await db<{ workspaceId: string; model: string; provider: string; ranModel: string | null }[]>`
    select workspace_id as "workspaceId", model, provider, ran_model as "ranModel" from generations where id = ${id}`
  const ranModel = row && findOtherModel(row.model, row.provider, reported)
  if (!row || !ranModel || ranModel === row.ranModel) return
  await db`update generations set ran_model = ${ranModel} where id = ${id} and workspace_id = ${row.workspaceId}`
  await bumpVersion(db, { id, workspaceId: row.workspaceId })
}

/** Records that a call has ended without anyone knowing how. One whose end is known stays as it is. */
export async function endUnknownCallCost(db: Queryable, { generationId, call, attempt }: CallName): Promise<void> {
  await db`
    update call_costs set outcome = 'unknown', ended_at = clock_timestamp()
    where generation_id = ${generationId} and call = ${call} and attempt = ${attempt} and outcome is null`
}

/** Records that a generation ended before the end of some of its calls was known: their bills are unknown, unless they are free. */
export async function endOpenCallCosts(db: Queryable, generationId: string): Promise<void> {
  await db`
    update call_costs set outcome = case when estimated_micros = 0 then 'failed' else 'unknown' end, ended_at = clock_timestamp()
    where generation_id = ${generationId} and outcome is null`
}

/** Records how a call has ended, and the number of its outputs that are there. */
export async function endCallCost(db: Queryable, name: CallName, outcome: CostOutcome): Promise<void> {
  await db`
    update call_costs c set outcome = ${outcome}, ended_at = coalesce(c.ended_at, clock_timestamp()), outputs = (
      select count(*) from provider_calls p join generation_outputs o on o.generation_id = p.generation_id
        and o.index between p.first_index and p.first_index + p.count - 1
      where p.generation_id = c.generation_id and p.call = c.call and coalesce(o.deleted_from, o.state) in ('saving', 'stored', 'temporary'))
    where c.generation_id = ${name.generationId} and c.call = ${name.call} and c.attempt = ${name.attempt}`
}

/**
 * Returns the outcome for the bill of a call that has ended. A call that was cancelled too late is made, and billed; one that was cancelled
 * in time may be as well, unless its model refunds it.
 */
export function toCostOutcome(outcome: FinalOutcome, cancel: ModelSpec['cancel'] | undefined): CostOutcome {
  if (outcome === 'cancelled') return cancel === 'refunds' ? 'not-billed' : 'unknown'
  return outcome === 'too-late' ? 'failed' : outcome
}
