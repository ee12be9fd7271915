import type { Dialect } from '@darkroom/contracts/connection'
import { publishConnectionChange } from '@darkroom/infra/connections/connection-changes'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { ConnectionStateChange } from './connection-state.ts'

/** Time after which a check is made by another process, if the one that began it has not ended it. */
export const CHECK_TIMEOUT_SECONDS = 60

/** Writes the state of a connection, and publishes it, if its kind has changed, or its time by more than a second. */
export async function setConnectionState(tx: Transaction, id: string, change: ConnectionStateChange): Promise<void> {
  const seconds = change.kind === 'limited' ? change.seconds : 0
  const { count } = await tx`
    update connections set state = ${stateToJson(tx, change)}
    where id = ${id} and (state ->> 'kind' <> ${change.kind}
      or (state ->> 'until')::timestamptz < clock_timestamp() + make_interval(secs => ${seconds}::float - 1))`
  if (count > 0) await publishConnectionChange(tx, id)
}

/** Returns the state as it is stored. Its times are the database's. */
function stateToJson(tx: Transaction, change: ConnectionStateChange) {
  if (change.kind === 'ok') return tx`jsonb_build_object('kind', 'ok')`
  if (change.kind === 'limited')
    return tx`jsonb_build_object('kind', 'limited', 'until',
      timestamp_text(clock_timestamp() + make_interval(secs => ${change.seconds}::float)))`
  return tx`jsonb_build_object('kind', ${change.kind}::text, 'since', timestamp_text(clock_timestamp()), 'error', ${change.error}::text)`
}

/** States that end when the provider answers: that there is credit again, only a user knows. */
const ENDED_BY_ANSWER = ['limited', 'unreachable', 'failing', 'wrong-key', 'not-served']

/** Records that the provider of a connection has answered, and publishes that, if it was away or its key was not accepted. */
export async function recordConnectionAnswer(database: Database, id: string): Promise<void> {
  const [row] = await database<{ kind: string }[]>`select state ->> 'kind' as kind from connections where id = ${id}`
  if (row && ENDED_BY_ANSWER.includes(row.kind))
    await transaction(database, tx => setConnectionState(tx, id, { kind: 'ok' }))
}

/** Takes the check of a connection. @returns the time for which it was requested; undefined if another process has it */
export async function claimCheck(db: Queryable, id: string): Promise<string | undefined> {
  const [row] = await db<{ requestedAt: string }[]>`
    update connections set check_claimed_at = clock_timestamp()
    where id = ${id} and check_requested_at is not null
      and coalesce(check_claimed_at, '-infinity') < clock_timestamp() - make_interval(secs => ${CHECK_TIMEOUT_SECONDS})
    returning check_requested_at::text as "requestedAt"`
  return row?.requestedAt
}

interface FinishedCheck {
  requestedAt: string
  /** Revision of the connection that was checked. */
  revision: number
  state: ConnectionStateChange
  result: string
  dialect: Dialect | null
}

/**
 * Writes the result of a check. A check that was requested meanwhile is still due, and nothing is known of a connection that has another
 * key or address by now. With a connection that works nothing waits any longer: its account, or its key, may be another one.
 */
export async function recordCheck(tx: Transaction, id: string, check: FinishedCheck): Promise<void> {
  const { requestedAt, revision } = check
  const { count } = await tx`
    update connections set state = ${stateToJson(tx, check.state)}, checked_at = clock_timestamp(), check_result = ${check.result},
      found_dialect = coalesce(${check.dialect ? tx.json(check.dialect) : null}, found_dialect), check_claimed_at = null,
      check_requested_at = case when check_requested_at = ${requestedAt}::text::timestamptz then null else check_requested_at end
    where id = ${id} and revision = ${revision}`
  if (count === 0) return await releaseCheck(tx, id, requestedAt)
  if (check.state.kind === 'ok') await closeBreaker(tx, id)
  await publishConnectionChange(tx, id)
}

/** Ends the pause of a connection, and forgets the failures of its provider. */
export async function closeBreaker(db: Queryable, id: string): Promise<void> {
  await db`
    update provider_lanes set failures = 0, paused_until = null
    where provider = ${id} and (failures > 0 or paused_until is not null)`
}

/** Gives a check up, so that it is made again, unless another one was requested. */
async function releaseCheck(tx: Transaction, id: string, requestedAt: string): Promise<void> {
  await tx`
    update connections set check_claimed_at = null
    where id = ${id} and check_requested_at = ${requestedAt}::text::timestamptz`
}
