import type { WAITING_REASONS } from '@darkroom/contracts/generation'
import type { Transaction } from '@darkroom/infra/database/connection'
import { touch } from '@darkroom/infra/generations/generations'

type Reason = (typeof WAITING_REASONS)[number]

/** What a generation waits for, if people should know; `seconds` is how long, where that is known. */
export interface Waiting {
  reason: Reason
  seconds: number | null
}

/** Says what a generation waits for, or that it waits for nothing. People are told of it only if that is news. */
export async function setWaiting(tx: Transaction, id: string, waiting: Waiting | null): Promise<void> {
  const { count } = await tx`
    update generations set waiting = ${waiting ? written(tx, waiting) : null}
    where id = ${id} and ${waiting ? isNews(tx, waiting) : tx`waiting is not null`}`
  if (count > 0) await touch(tx, id)
}

function written(tx: Transaction, { reason, seconds }: Waiting) {
  return tx`jsonb_build_object('reason', ${reason}::text, 'until',
    timestamp_text(clock_timestamp() + make_interval(secs => ${seconds}::float)))`
}

/** Another moment to wait for is news only if the one that was told is over. */
function isNews(tx: Transaction, { reason, seconds }: Waiting) {
  if (seconds === null) return tx`waiting ->> 'reason' is distinct from ${reason}`
  return tx`(waiting ->> 'reason' is distinct from ${reason}
    or coalesce((waiting ->> 'until')::timestamptz, '-infinity') < clock_timestamp() + interval '1 second')`
}
