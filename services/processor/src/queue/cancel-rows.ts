import type { Database } from '@darkroom/infra/database/connection'
import { isActive } from '@darkroom/infra/database/studio-state'

/** A call that is still open at its provider although its generation was cancelled. */
export interface CancellableCall {
  generationId: string
  call: number
  provider: string
  requestId: string
}

const BATCH_SIZE = 50

/** Takes the calls that are to be cancelled at their providers now. A call without a recorded outcome is taken again after 30 s. */
export async function takeCancellableCalls(database: Database, providers: string[]): Promise<CancellableCall[]> {
  return await database<CancellableCall[]>`
    update provider_calls c set cancel_tried_at = clock_timestamp()
    from (
      select c.generation_id, c.call, g.provider from provider_calls c join generations g on g.id = c.generation_id
      where c.finished_at is null and c.request_id is not null and c.outcome is null and g.status = 'cancelled'
        and g.provider = any(${providers}) and g.completed_at > clock_timestamp() - interval '1 day'
        and coalesce(c.cancel_tried_at, '-infinity') < clock_timestamp() - interval '30 seconds' and ${isActive(database)}
      limit ${BATCH_SIZE} for update of c skip locked
    ) taken
    where c.generation_id = taken.generation_id and c.call = taken.call
    returning c.generation_id as "generationId", c.call, taken.provider, c.request_id as "requestId"`
}

/** Records the provider's response to a cancel. A call that was cancelled too late stays open: a retry fetches its outputs. */
export async function recordCancelOutcome(
  database: Database,
  { generationId, call }: CancellableCall,
  outcome: 'cancelled' | 'too-late',
): Promise<void> {
  await database`
    update provider_calls set outcome = ${outcome},
      finished_at = case when ${outcome} = 'cancelled' then clock_timestamp() end
    where generation_id = ${generationId} and call = ${call} and finished_at is null`
}
