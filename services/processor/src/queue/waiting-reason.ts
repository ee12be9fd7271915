import type { WAITING_REASONS } from '@darkroom/contracts/generation'
import type { Transaction } from '@darkroom/infra/database/connection'
import { bumpVersion, type GenerationKey } from '@darkroom/infra/generations/generations'

type Reason = (typeof WAITING_REASONS)[number]

/** The reason why a generation waits, as shown to users, and for how many seconds, where that is known. */
export interface WaitingState {
  reason: Reason
  seconds: number | null
}

/** Records what a generation waits for, or with null that it does not wait. The version is raised only by a change. */
export async function setWaiting(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  waiting: WaitingState | null,
): Promise<void> {
  const { count } = await tx`
    update generations set waiting = ${waiting ? waitingToJson(tx, waiting) : null}
    where id = ${id} and workspace_id = ${workspaceId} and ${waiting ? isChanged(tx, waiting) : tx`waiting is not null`}`
  if (count > 0) await bumpVersion(tx, { id, workspaceId })
}

function waitingToJson(tx: Transaction, { reason, seconds }: WaitingState) {
  return tx`jsonb_build_object('reason', ${reason}::text, 'until',
    timestamp_text(clock_timestamp() + make_interval(secs => ${seconds}::float)))`
}

/** Returns the condition that the waiting state changes: another reason, or another time once the recorded one is over. */
function isChanged(tx: Transaction, { reason, seconds }: WaitingState) {
  if (seconds === null) return tx`waiting ->> 'reason' is distinct from ${reason}`
  return tx`(waiting ->> 'reason' is distinct from ${reason}
    or coalesce((waiting ->> 'until')::timestamptz, '-infinity') < clock_timestamp() + interval '1 second')`
}
