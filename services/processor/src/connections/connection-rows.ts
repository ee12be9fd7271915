import type { ConnectionState, Dialect } from '@darkroom/contracts/connection'
import { type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import { lockConnections, publishModelsChange, removeModels } from '@darkroom/infra/connections/connection-changes'
import { findFreeId } from '@darkroom/infra/connections/free-id'
import { selectOpenCalls } from '@darkroom/infra/connections/open-calls'
import type { Database, Queryable } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { CHECK_TIMEOUT_SECONDS, setConnectionState } from './connection-state-rows.ts'
import type { EnvironmentConnection } from './environment.ts'

/** A connection as its row describes it. */
export interface ConnectionRow {
  id: string
  kind: ConnectionKind
  source: 'built-in' | 'environment' | 'stored'
  draft: boolean
  /** Whether it was removed, and calls of it are still under way. */
  isDraining: boolean
  baseUrl: string | null
  keySealed: Uint8Array | null
  slots: number | null
  /** Dialect that a user has set. */
  dialect: Dialect | null
  /** Dialect that a check has found. */
  foundDialect: Dialect | null
  state: ConnectionState
  /** When its models were listed last. */
  modelsAt: string | null
  revision: number
  /** Whether a check is wanted that no process is making. */
  isCheckDue: boolean
}

/** Time after which a processor that was not seen counts as gone. */
const PROCESSOR_TIMEOUT_SECONDS = 60

/** Reads every connection that was not removed, drafts included, and removed ones while calls of theirs are under way. */
export async function readConnectionRows(db: Queryable): Promise<ConnectionRow[]> {
  return await db<ConnectionRow[]>`
    select id, kind, source, draft, removed_at is not null as "isDraining", base_url as "baseUrl", key_sealed as "keySealed", slots, dialect,
           found_dialect as "foundDialect", state, timestamp_text(models_at) as "modelsAt", revision,
           check_requested_at is not null and coalesce(check_claimed_at, '-infinity')
             < clock_timestamp() - make_interval(secs => ${CHECK_TIMEOUT_SECONDS}) as "isCheckDue"
    from connections c where removed_at is null or ${hasOpenCalls(db)} order by created_at, id`
}

/** Erases the keys of removed connections of which no call is under way any more. */
export async function eraseRemovedKeys(db: Queryable): Promise<void> {
  await db`
    update connections c set key_sealed = null
    where removed_at is not null and key_sealed is not null and not ${hasOpenCalls(db)}`
}

/** Returns the condition that calls of a connection `c` are under way: for a day at most, if it was removed. */
function hasOpenCalls(db: Queryable) {
  return db`(c.removed_at > clock_timestamp() - interval '1 day' and exists (${selectOpenCalls(db)}))`
}

/** Writes the row of a built-in connection, if it is missing. */
export async function ensureBuiltInRow(db: Queryable, id: string, kind: ConnectionKind): Promise<void> {
  await db`
    insert into connections (id, kind, name, source) values (${id}, ${kind}, ${KIND_INFO[kind].name}, 'built-in')
    on conflict (id) do nothing`
}

/**
 * Finds the row of a connection of the environment, or writes it. Another key is another connection: what was bought by one account is
 * asked for there.
 *
 * @param keyHmac of its address and key
 * @returns its id
 */
export async function ensureEnvironmentRow(
  database: Database,
  { kind, variable, baseUrl }: EnvironmentConnection,
  keyHmac: string,
): Promise<string> {
  return await transaction(database, async tx => {
    await lockConnections(tx)
    const knownId = await findEnvironmentId(tx, variable, keyHmac)
    if (knownId !== undefined) {
      await tx`update connections set removed_at = null, base_url = ${baseUrl} where id = ${knownId}`
      return knownId
    }
    const id = await findFreeId(tx, kind)
    const name = KIND_INFO[kind].name
    await tx`
      insert into connections (id, kind, name, base_url, source, variable, key_hmac, check_requested_at)
      values (${id}, ${kind}, ${name}, ${baseUrl}, 'environment', ${variable}, ${keyHmac}, clock_timestamp())`
    return id
  })
}

/** Returns the id of a connection of the environment; undefined if it has no row. */
export async function findEnvironmentId(db: Queryable, variable: string, keyHmac: string): Promise<string | undefined> {
  const [row] = await db<{ id: string }[]>`
    select id from connections where source = 'environment' and variable = ${variable} and key_hmac = ${keyHmac}`
  return row?.id
}

/** Renews the time at which this process was last seen, with the connections that it serves. */
export async function renewProcessor(
  db: Queryable,
  processor: { id: string; host: string; connections: string[] },
): Promise<void> {
  await db`
    insert into processors (id, host, pid, connections)
    values (${processor.id}, ${processor.host}, ${process.pid}, ${processor.connections})
    on conflict (id) do update set connections = excluded.connections, seen_at = clock_timestamp()`
}

/** Lists the processors of a host, dead ones included. */
export async function listProcessors(db: Queryable, host: string): Promise<{ id: string; pid: number }[]> {
  return await db<{ id: string; pid: number }[]>`select id, pid from processors where host = ${host}`
}

/** Removes processors that have ended. */
export async function removeProcessors(db: Queryable, ids: string[]): Promise<void> {
  await db`delete from processors where id = any(${ids}::uuid[]) or seen_at < clock_timestamp() - interval '1 day'`
}

const NOT_SERVED = {
  environment: 'Its key is in the environment of no processor that runs. Set the variable and start the studio again.',
  stored: 'No processor that runs can read its key. Start one with the ENCRYPTION_KEY that it was added with.',
}

/**
 * Removes the models of connections that no living processor serves. A new connection has some time to be noticed by those that can. A
 * processor that was stopped counts as living for as long as one that crashed: another one may be about to replace it.
 *
 * @param own the connections that this process serves
 */
export async function removeUnservedModels(database: Database, own: string[]): Promise<void> {
  const rows = await database<{ id: string; source: keyof typeof NOT_SERVED }[]>`
    select c.id, c.source from connections c
    where c.source <> 'built-in' and not c.draft and c.removed_at is null and not c.id = any(${own})
      and (c.source = 'environment'
        or c.created_at < clock_timestamp() - make_interval(secs => ${PROCESSOR_TIMEOUT_SECONDS}))
      and (c.state ->> 'kind' <> 'not-served' or exists (select from models m where m.provider = c.id))
      and not exists (select from processors p where c.id = any(p.connections)
        and p.seen_at > clock_timestamp() - make_interval(secs => ${PROCESSOR_TIMEOUT_SECONDS}))`
  for (const { id, source } of rows) {
    await transaction(database, async tx => {
      await removeModels(tx, id)
      await setConnectionState(tx, id, { kind: 'not-served', error: NOT_SERVED[source] })
    })
  }
}

/** Removes the models of connections that were removed, or are only drafts. */
export async function removeObsoleteModels(database: Database): Promise<void> {
  await transaction(database, async tx => {
    const rows = await tx<{ id: string }[]>`
      delete from models m using connections c
      where c.id = m.provider and (c.removed_at is not null or c.draft) returning c.id`
    for (const id of new Set(rows.map(row => row.id))) await publishModelsChange(tx, id)
  })
}

/** Records when the models of a connection were listed. */
export async function recordModelsListed(db: Queryable, id: string): Promise<void> {
  await db`update connections set models_at = clock_timestamp() where id = ${id}`
}
