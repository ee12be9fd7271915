import type { Transaction } from '@darkroom/infra/database/connection'

/** How a call that may be billed stands. */
export type CallStage = 'sending' | 'under-way' | 'made' | 'unknown' | 'nothing'

/** How the calls of a generation's present round stand, and those of earlier ones that are not over. */
export async function readCallStages(tx: Transaction, id: string, round: number): Promise<CallStage[]> {
  const rows = await tx<{ stage: CallStage }[]>`
    select case when finished_at is null and request_id is null then 'sending'
                when finished_at is null then 'under-way'
                when outcome is null or outcome in ('finished', 'too-late') then 'made'
                when outcome = 'unknown' then 'unknown'
                else 'nothing' end as stage
    from provider_calls where generation_id = ${id} and (round = ${round} or finished_at is null)`
  return rows.map(row => row.stage)
}

/**
 * Gives up on calls of which nobody knows whether the provider took them. Those that it gave an id for stay as they are: they
 * are asked about, so that nothing is bought twice.
 */
export async function closeUnknownCalls(tx: Transaction, id: string): Promise<void> {
  await tx`
    update provider_calls set finished_at = now(), outcome = 'unknown'
    where generation_id = ${id} and finished_at is null and request_id is null`
}

/**
 * Opens calls again that the provider gave an id for and that have not given all their outputs, except those that it says it
 * has stopped.
 *
 * @returns the outputs that may still come of them
 */
export async function reopenKnownCalls(tx: Transaction, id: string): Promise<number[]> {
  const rows = await tx<{ index: number }[]>`
    with wanted as (
      select index from generation_outputs where generation_id = ${id} and state not in ('stored', 'temporary')
    ),
    reopened as (
      update provider_calls set finished_at = null, outcome = null
      where generation_id = ${id} and request_id is not null and outcome is distinct from 'cancelled'
        and exists (select from wanted where index between first_index and first_index + count - 1)
      returning first_index, count
    )
    select distinct index from wanted join reopened on index between first_index and first_index + count - 1 order by index`
  return rows.map(row => row.index)
}

/** Whether there is a call that the provider gave no id for. */
export async function hasUnknownCall(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx`select from provider_calls where generation_id = ${id} and request_id is null limit 1`
  return rows.length > 0
}
