import type { Database } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { recordBill } from '../answers/settle-cost.ts'
import type { CostOutcome } from '../generate/call-cost-rows.ts'
import type { CancelResult, Receipt } from '../providers/adapter.ts'

/** A call that is still open at its provider although its generation was cancelled. */
export interface CancellableCall {
  generationId: string
  call: number
  connection: string
  requestId: string
  /** Null until the provider has responded to a cancel. */
  outcome: 'too-late' | null
}

const BATCH_SIZE = 50

/**
 * Takes the calls that are to be cancelled at their providers now, and those that were cancelled too late and have not ended there. They are
 * taken again after 30 s.
 */
export async function takeCancellableCalls(database: Database, connections: string[]): Promise<CancellableCall[]> {
  return await database<CancellableCall[]>`
    update provider_calls c set cancel_tried_at = clock_timestamp()
    from (
      select c.generation_id, c.call, g.provider from provider_calls c join generations g on g.id = c.generation_id
      where c.finished_at is null and c.request_id is not null and (c.outcome is null or c.outcome = 'too-late') and g.status = 'cancelled'
        and g.provider = any(${connections}) and g.completed_at > clock_timestamp() - interval '1 day'
        and coalesce(c.cancel_tried_at, '-infinity') < clock_timestamp() - interval '30 seconds' and ${isActive(database)}
      limit ${BATCH_SIZE} for update of c skip locked
    ) taken
    where c.generation_id = taken.generation_id and c.call = taken.call
    returning c.generation_id as "generationId", c.call, taken.provider as connection, c.request_id as "requestId",
      c.outcome`
}

/**
 * Records the provider's response to a cancel, and what the generation has cost. A call that was cancelled too late stays open: a retry fetches
 * its outputs.
 */
export async function recordCancelOutcome(
  database: Database,
  { generationId, call }: CancellableCall,
  result: CancelResult,
): Promise<void> {
  const outcome = result.kind === 'cancelled' ? 'cancelled' : 'too-late'
  await transaction(database, async tx => {
    await tx`select from generation_jobs where generation_id = ${generationId} for update`
    const [row] = await tx<{ attempt: number | null }[]>`
      update provider_calls set outcome = ${outcome},
        finished_at = case when ${outcome} = 'cancelled' then clock_timestamp() end
      where generation_id = ${generationId} and call = ${call} and finished_at is null returning attempt`
    if (!row) return
    await recordBill(tx, { generationId, call, attempt: row.attempt ?? 0 }, { outcome: toCancelledCost(result) })
  })
}

/**
 * Records that a call that was cancelled too late has ended at its provider, and what it reports. One that has made its outputs is opened
 * again by a retry, which fetches them.
 */
export async function recordLateEnd(
  database: Database,
  { generationId, call }: CancellableCall,
  { isMade, receipt }: { isMade: boolean; receipt: Receipt },
): Promise<void> {
  await transaction(database, async tx => {
    await tx`select from generation_jobs where generation_id = ${generationId} for update`
    const [row] = await tx<{ attempt: number | null }[]>`
      update provider_calls set finished_at = clock_timestamp(), outcome = ${isMade ? 'too-late' : 'failed'}
      where generation_id = ${generationId} and call = ${call} and finished_at is null and outcome = 'too-late' returning attempt`
    if (row) await recordBill(tx, { generationId, call, attempt: row.attempt ?? 0 }, { receipt })
  })
}

/** Returns the outcome for the bill: a provider that does not say whether it bills may do so. */
function toCancelledCost({ kind, billed }: CancelResult): CostOutcome {
  if (kind !== 'cancelled' || billed === true) return 'failed'
  return billed === false ? 'not-billed' : 'unknown'
}
