import type { WAITING_REASONS } from '@darkroom/contracts/generation'
import type { Transaction } from '@darkroom/infra/database/connection'
import { bumpVersion, type GenerationKey, selectWait } from '@darkroom/infra/generations/generations'

type Reason = (typeof WAITING_REASONS)[number]

/** The reason why a generation waits, as shown to users, and for how many seconds, where that is known. */
export interface WaitingState {
  reason: Reason
  seconds: number | null
  /** Place in the provider's queue, from 1; absent where it is not known. */
  position?: number
}

/**
 * Records what a generation waits for, or with null that it does not wait. The version is raised only by a change. The time of a wait
 * is not counted as work: when it ends, the start is moved on by it.
 */
export async function setWaiting(
  tx: Transaction,
  generation: GenerationKey,
  waiting: WaitingState | null,
): Promise<void> {
  const isChanged = waiting === null ? await endWait(tx, generation) : await writeWaiting(tx, generation, waiting)
  if (isChanged) await bumpVersion(tx, generation)
}

async function writeWaiting(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  waiting: WaitingState,
): Promise<boolean> {
  await tx`
    update generation_jobs set waiting_since = coalesce(waiting_since, clock_timestamp()),
      waiting_seen_at = case when ${waiting.reason} = 'provider-queue' then clock_timestamp() end
    where generation_id = ${id} and workspace_id = ${workspaceId}
      and (waiting_since is null or waiting_seen_at is not null or ${waiting.reason} = 'provider-queue')`
  const { count } = await tx`
    update generations set waiting = ${waitingToJson(tx, waiting)}
    where id = ${id} and workspace_id = ${workspaceId} and ${isWaitingChanged(tx, waiting)}`
  return count > 0
}

async function endWait(tx: Transaction, generation: GenerationKey): Promise<boolean> {
  const { id, workspaceId } = generation
  const { count } = await tx`
    update generations set waiting = null,
      started_at = started_at + coalesce((select duration from (${selectWait(tx, generation)}) waited), interval '0')
    where id = ${id} and workspace_id = ${workspaceId} and waiting is not null`
  if (count === 0) return false
  await tx`
    update generation_jobs set waiting_since = null, waiting_seen_at = null
    where generation_id = ${id} and workspace_id = ${workspaceId}`
  return true
}

function waitingToJson(tx: Transaction, { reason, seconds, ...rest }: WaitingState) {
  const position = rest.position ?? null
  return tx`jsonb_build_object('reason', ${reason}::text, 'until',
    timestamp_text(clock_timestamp() + make_interval(secs => ${seconds}::float)))
    || case when ${position}::int is null then '{}' else jsonb_build_object('position', ${position}::int) end`
}

/** Returns the condition that the waiting state changes: another reason or place, or another time once the recorded one is over. */
function isWaitingChanged(tx: Transaction, { reason, seconds, ...rest }: WaitingState) {
  const position = rest.position ?? null
  const isOther = tx`waiting ->> 'reason' is distinct from ${reason}
    or (waiting ->> 'position')::int is distinct from ${position}::int`
  if (seconds === null) return tx`(${isOther})`
  return tx`(${isOther} or coalesce((waiting ->> 'until')::timestamptz, '-infinity') < clock_timestamp() + interval '1 second')`
}
