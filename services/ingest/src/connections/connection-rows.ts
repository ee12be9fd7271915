import type { ConnectionChange, NewConnection } from '@darkroom/contracts/connection'
import type { ConnectionKind } from '@darkroom/contracts/connection-kinds'
import { removeModels } from '@darkroom/infra/connections/connection-changes'
import { selectOpenCalls } from '@darkroom/infra/connections/open-calls'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'

/** A connection about to be inserted. */
export interface InsertedConnection extends Omit<NewConnection, 'key' | 'name' | 'baseUrl'> {
  id: string
  name: string
  baseUrl: string | null
  keySealed: Uint8Array | null
}

/** A locked connection, as far as a change depends on it. */
export interface LockedConnection {
  kind: ConnectionKind
  source: 'built-in' | 'environment' | 'stored'
  draft: boolean
  baseUrl: string | null
  hasKey: boolean
}

export async function insertConnection(tx: Transaction, added: InsertedConnection): Promise<void> {
  const { id, kind, name, baseUrl, keySealed, slots = null, maxOpenCalls = null } = added
  const { budgetMicros = null, assumedMicros = null } = added
  await tx`
    insert into connections (id, kind, name, base_url, source, draft, key_sealed, slots, max_open, budget_micros, assumed_micros, dialect)
    values (${id}, ${kind}, ${name}, ${baseUrl}, 'stored', ${added.draft ?? false}, ${keySealed}, ${slots}, ${maxOpenCalls},
            ${budgetMicros}, ${assumedMicros}, ${added.dialect ? tx.json(added.dialect) : null})`
}

/** Restores a connection that was removed, with the given name and slots. @returns false if there is none */
export async function restoreConnection(
  tx: Transaction,
  id: string,
  { name, slots }: { name: string; slots?: number | null | undefined },
): Promise<boolean> {
  const { count } = await tx`
    update connections set removed_at = null, name = ${name}, revision = revision + 1,
      slots = ${slots === undefined ? tx`slots` : slots}
    where id = ${id} and removed_at is not null`
  return count === 1
}

/** Locks a connection that was not removed. */
export async function lockConnection(tx: Transaction, id: string): Promise<LockedConnection | undefined> {
  const [row] = await tx<LockedConnection[]>`
    select kind, source, draft, base_url as "baseUrl", key_sealed is not null as "hasKey"
    from connections where id = ${id} and removed_at is null for update`
  return row
}

/** Writes the fields of a change that are there, as another revision. A new address has another dialect. */
export async function updateConnection(
  tx: Transaction,
  id: string,
  change: Omit<ConnectionChange, 'key'> & { keySealed?: Uint8Array | null },
): Promise<void> {
  const { dialect } = change
  const columns = {
    ...(change.name !== undefined && { name: change.name }),
    ...(change.baseUrl !== undefined && { base_url: change.baseUrl, found_dialect: null }),
    ...(change.keySealed !== undefined && { key_sealed: change.keySealed }),
    ...(change.slots !== undefined && { slots: change.slots }),
    ...(change.maxOpenCalls !== undefined && { max_open: change.maxOpenCalls }),
    ...(change.budgetMicros !== undefined && { budget_micros: change.budgetMicros }),
    ...(change.assumedMicros !== undefined && { assumed_micros: change.assumedMicros }),
    ...(change.failoverModel !== undefined && { failover_model: change.failoverModel }),
    ...(dialect !== undefined && { dialect: dialect === null ? null : tx.json(dialect) }),
    ...(change.draft !== undefined && { draft: change.draft }),
  }
  await tx`update connections set revision = revision + 1 where id = ${id}`
  if (Object.keys(columns).length > 0) await tx`update connections set ${tx(columns)} where id = ${id}`
}

/**
 * Marks a connection as removed, and withdraws its models. Its key is erased at once, unless calls are under way: they end with it, and
 * a processor erases it then.
 */
export async function markRemoved(tx: Transaction, id: string): Promise<void> {
  await tx`
    update connections c set removed_at = clock_timestamp(), check_requested_at = null, revision = revision + 1,
      key_sealed = case when exists (${selectOpenCalls(tx)}) then key_sealed end
    where id = ${id}`
  await tx`delete from workflows where connection = ${id}`
  await removeModels(tx, id)
}

/** Deletes a draft. Nothing was made with it, so its id is free again. */
export async function deleteDraft(tx: Transaction, id: string): Promise<void> {
  await tx`delete from connections where id = ${id} and draft`
}

/** Deletes drafts that were not added within an hour. */
export async function deleteOldDrafts(db: Queryable): Promise<void> {
  await db`delete from connections where draft and created_at < clock_timestamp() - interval '1 hour'`
}

/** Marks a connection for a check by a processor. */
export async function markForCheck(tx: Transaction, id: string): Promise<void> {
  await tx`update connections set check_requested_at = clock_timestamp(), check_claimed_at = null where id = ${id}`
}

/**
 * Asserts that no call of a connection is under way at its provider: another address does not know it, and it would be made, and billed, again.
 *
 * @throws ProblemError `conflict`
 */
export async function assertNoCallUnderWay(tx: Transaction, id: string): Promise<void> {
  const [call] = await tx`
    select from connections c where c.id = ${id} and exists (${selectOpenCalls(tx)} and p.request_id is not null)`
  if (call)
    throw new ProblemError(
      'conflict',
      'A call is under way at this address. Wait until it has ended, or add another connection.',
    )
}
