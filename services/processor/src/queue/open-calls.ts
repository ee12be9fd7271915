import { type ConnectionKind, getDefaultMaxOpenCalls } from '@darkroom/contracts/connection-kinds'
import { BUILT_IN_KINDS } from '@darkroom/contracts/enums'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'

/** The limits of a connection, for all processors together. */
export interface ConnectionLimits {
  /** Generations worked on at once; null: each processor has slots of its own. */
  slots: number | null
  /** Calls open at the provider at once; null: there is no limit. */
  maxOpenCalls: number | null
}

/** A call that is about to be made, by the id of its generation. */
interface OwnCall {
  id: string
  connection: string
  call: number
}

/**
 * Locks the row of a connection that has a limit: of two transactions that count what is under way, the second counts what the first has
 * added. Undefined: it has no limit, and nothing is locked. The job's row is locked before it.
 */
export async function lockLimits(tx: Transaction, connection: string): Promise<ConnectionLimits | undefined> {
  return await readLimits(tx, connection, tx`for update`)
}

async function readLimits(db: Queryable, connection: string, lock = db``): Promise<ConnectionLimits | undefined> {
  const [row] = await db<(ConnectionLimits & { kind: ConnectionKind })[]>`
    select kind, slots, max_open as "maxOpenCalls" from connections
    where id = ${connection} and (slots is not null or max_open is not null or kind <> all(${[...BUILT_IN_KINDS]})) ${lock}`
  return row && { slots: row.slots, maxOpenCalls: row.maxOpenCalls ?? getDefaultMaxOpenCalls(row.kind) }
}

/** Returns whether one more call can be open at the provider. The connection stays locked until the transaction ends. */
export async function canOpenCall(tx: Transaction, call: OwnCall): Promise<boolean> {
  const limits = await lockLimits(tx, call.connection)
  if (limits === undefined || limits.maxOpenCalls === null) return true
  // One that an earlier attempt has left open is noted again: it needs no capacity of its own.
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from (${selectOpenCalls(tx, call.connection)}) open
    where not (open.generation_id = ${call.id} and open.call = ${call.call})`
  return (row?.count ?? 0) < limits.maxOpenCalls
}

/** Returns how many more calls can be open at the provider now. Nothing is locked: each call is counted again before it is made. */
export async function countFreeCalls(db: Queryable, connection: string): Promise<number> {
  const limits = await readLimits(db, connection)
  if (limits === undefined || limits.maxOpenCalls === null) return Number.POSITIVE_INFINITY
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (${selectOpenCalls(db, connection)}) open`
  return Math.max(0, limits.maxOpenCalls - (row?.count ?? 0))
}

/** Returns the number of calls of a connection that are open at its provider, and of claimed generations that are about to make one. */
export async function countOpenOrClaimed(tx: Transaction, connection: string): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    with open as (${selectOpenCalls(tx, connection)})
    select ((select count(*) from open) + (
      select count(*) from generation_jobs j cross join lateral ${selectGeneration(tx, tx`j`)}
      where j.lease_until > clock_timestamp() and g.provider = ${connection} and g.status = 'processing' and j.mode = 'make'
        and not exists (select from open where open.generation_id = j.generation_id)))::int as count`
  return row?.count ?? 0
}

/**
 * Returns the query for the calls of a connection that are open at its provider: those of generations that have not ended, and those of
 * cancelled ones until the provider has stopped them. An answer that comes at once cannot be stopped, and is waited for as long as it
 * may take. What is older than a day is given up.
 */
function selectOpenCalls(db: Queryable, connection: string) {
  return db`
    select p.generation_id, p.call
    from provider_calls p cross join lateral ${selectGeneration(db, db`p`)}
    where p.finished_at is null and p.submitted_at > now() - interval '1 day' and g.provider = ${connection}
      and (g.status in ('queued', 'processing', 'uploading') or (g.status = 'cancelled' and (p.request_id is not null or exists (
        select from call_costs k where k.workspace_id = p.workspace_id and k.generation_id = p.generation_id and k.call = p.call
          and k.attempt = p.attempt and k.outcome is null and k.made_at > now() - interval '10 minutes'))))`
}

/**
 * Returns the subquery `g` for the generation of a row. Its limit has the few rows looked up one by one: a plan that joins them at once
 * would read all generations.
 */
function selectGeneration(db: Queryable, row: ReturnType<Queryable>) {
  return db`(
    select provider, status from generations where workspace_id = ${row}.workspace_id and id = ${row}.generation_id limit 1) g`
}

/** Counts the generations of a connection that wait for capacity and are older than this one: up to a hundred. */
export async function countAhead(
  tx: Transaction,
  { id, workspaceId, connection }: GenerationKey & { connection: string },
): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from (
      select from generations ahead where ahead.provider = ${connection} and ahead.waiting ->> 'reason' = 'connection-full'
        and ahead.created_at < (select created_at from generations where id = ${id} and workspace_id = ${workspaceId}) limit 100) ahead`
  return row?.count ?? 0
}
