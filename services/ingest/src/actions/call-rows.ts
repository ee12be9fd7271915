import type { Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'

/** Stage of a provider call, as far as its bill is concerned. */
export type CallStage = 'sending' | 'under-way' | 'made' | 'unknown' | 'nothing'

export interface StagedCall {
  stage: CallStage
  /** Its cost in micro-units of USD, as reported or estimated; null if it is not known. */
  micros: number | null
}

/** Returns a generation's calls: those of the current round, and unfinished ones of earlier rounds. */
export async function readStagedCalls(
  tx: Transaction,
  { id, workspaceId, round }: GenerationKey & { round: number },
): Promise<StagedCall[]> {
  return await tx<StagedCall[]>`
    select (
      select coalesce(k.reported_micros, k.estimated_micros) from call_costs k
      where k.workspace_id = p.workspace_id and k.generation_id = p.generation_id and k.call = p.call and k.currency = 'USD'
      order by k.attempt desc limit 1) as micros,
           case when finished_at is null and request_id is null then 'sending'
                when finished_at is null then 'under-way'
                when outcome is null or outcome in ('finished', 'too-late') then 'made'
                when outcome = 'unknown' then 'unknown'
                else 'nothing' end as stage
    from provider_calls p
    where p.generation_id = ${id} and p.workspace_id = ${workspaceId} and (round = ${round} or finished_at is null)`
}

/**
 * Closes calls without a request id as `unknown`: the provider may or may not have accepted them. Calls with a request id stay
 * open: the provider is polled about them, so that nothing is bought twice.
 */
export async function closeUnknownCalls(tx: Transaction, { id, workspaceId }: GenerationKey): Promise<void> {
  await tx`
    with closed as (
      update provider_calls set finished_at = now(), outcome = 'unknown'
      where generation_id = ${id} and workspace_id = ${workspaceId} and finished_at is null and request_id is null
      returning call, attempt
    )
    update call_costs c set outcome = 'unknown', ended_at = now() from closed
    where c.generation_id = ${id} and c.workspace_id = ${workspaceId} and c.call = closed.call and c.attempt = closed.attempt
      and c.outcome is null`
}

/**
 * Reopens calls that were cancelled too late, and have ended at their provider meanwhile: their outputs were made, so they are fetched,
 * and not bought again.
 */
export async function reopenLateCalls(tx: Transaction, { id, workspaceId }: GenerationKey): Promise<void> {
  await tx`
    update provider_calls c set finished_at = null
    where c.generation_id = ${id} and c.workspace_id = ${workspaceId} and outcome = 'too-late' and request_id is not null and exists (
      select from generation_outputs o where o.workspace_id = c.workspace_id and o.generation_id = c.generation_id
        and o.state = 'pending' and o.index between c.first_index and c.first_index + c.count - 1)`
}

/**
 * Reopens calls that have a request id and miss some of their outputs, except those that the provider reports as cancelled.
 *
 * @returns indices of the outputs that these calls may still deliver
 */
export async function reopenKnownCalls(tx: Transaction, { id, workspaceId }: GenerationKey): Promise<number[]> {
  const rows = await tx<{ index: number }[]>`
    with missing as (
      select index from generation_outputs
      where generation_id = ${id} and workspace_id = ${workspaceId} and state not in ('stored', 'temporary', 'deleted')
    ),
    reopened as (
      update provider_calls set finished_at = null, outcome = null
      where generation_id = ${id} and workspace_id = ${workspaceId} and request_id is not null
        and outcome is distinct from 'cancelled'
        and exists (select from missing where index between first_index and first_index + count - 1)
      returning first_index, count
    )
    select distinct index from missing join reopened on index between first_index and first_index + count - 1 order by index`
  return rows.map(row => row.index)
}

/** Returns whether a generation has a call without a request id. */
export async function hasUnknownCall(tx: Transaction, { id, workspaceId }: GenerationKey): Promise<boolean> {
  const rows = await tx`
    select from provider_calls where generation_id = ${id} and workspace_id = ${workspaceId} and request_id is null limit 1`
  return rows.length > 0
}
