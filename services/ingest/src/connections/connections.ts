import type { Connection, ConnectionChange, Connections, NewConnection } from '@darkroom/contracts/connection'
import { KIND_INFO } from '@darkroom/contracts/connection-kinds'
import { lockConnections, publishConnectionChange } from '@darkroom/infra/connections/connection-changes'
import { readConnections } from '@darkroom/infra/connections/connection-rows'
import type { EncryptionKey } from '@darkroom/infra/connections/encryption-key'
import { findFreeId } from '@darkroom/infra/connections/free-id'
import { sealKey } from '@darkroom/infra/connections/secret-box'
import { readSpending } from '@darkroom/infra/connections/spending-rows'
import type { Database, Queryable, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { ProblemError } from '@darkroom/infra/http/problem'
import { findModel } from '../submit/model-rows.ts'
import { throwValidationError } from '../validation-error.ts'
import {
  assertNoCallUnderWay,
  deleteDraft,
  deleteOldDrafts,
  insertConnection,
  type LockedConnection,
  lockConnection,
  markForCheck,
  markRemoved,
  restoreConnection,
  updateConnection,
} from './connection-rows.ts'
import { assertChangeAllowed, assertComplete, assertRemovable } from './validate-connection.ts'

export interface ConnectionDeps {
  database: Database
  /** Encrypts the keys. */
  encryptionKey: EncryptionKey
  /** Slots of a connection whose row has no number. */
  defaultSlots: number
  /** Budget of the whole studio a month, in micro-units of USD; null if there is none. */
  budgetMicros: number | null
}

/** This machine works on one picture at a time; others wait in the queue, where any processor can take them. */
const MACHINE_SLOTS = 1

/** Lists the connections, and what is spent of the studio's budget. */
export async function listConnections(deps: ConnectionDeps): Promise<Connections> {
  const { database, budgetMicros } = deps
  await deleteOldDrafts(database)
  const [connections, spending] = await Promise.all([readConnections(database, deps), readSpending(database, null)])
  return { connections, budget: { limitMicros: budgetMicros, ...spending } }
}

/**
 * Adds a connection and requests its check. A draft makes nothing until a change adds it.
 *
 * @throws ProblemError `invalid`; `conflict` for this machine, if it is switched on
 */
export async function addConnection(deps: ConnectionDeps, added: NewConnection): Promise<Connection> {
  assertComplete(added)
  const { kind, key, baseUrl = KIND_INFO[added.kind].baseUrl, name = KIND_INFO[added.kind].name, ...rest } = added
  return await transaction(deps.database, async tx => {
    await lockConnections(tx)
    await deleteOldDrafts(tx)
    if (KIND_INFO[kind].where === 'machine') return await switchMachineOn(tx, deps, { ...rest, kind, name })
    const id = await findFreeId(tx, kind)
    const keySealed = key === undefined ? null : sealKey(deps.encryptionKey, id, key)
    await insertConnection(tx, { ...rest, id, kind, name, baseUrl, keySealed })
    await markForCheck(tx, id)
    await publishConnectionChange(tx, id)
    return await readOne(tx, deps, id)
  })
}

/**
 * Switches this machine on. It is there once: after it was removed it has the same id again, and its models have theirs.
 *
 * @throws ProblemError `conflict`
 */
async function switchMachineOn(
  tx: Transaction,
  deps: ConnectionDeps,
  added: Omit<NewConnection, 'key' | 'baseUrl'> & { name: string },
): Promise<Connection> {
  const { kind: id } = added
  if (await lockConnection(tx, id)) throw new ProblemError('conflict', 'This machine is switched on already.')
  if (!(await restoreConnection(tx, id, added)))
    await insertConnection(tx, { slots: MACHINE_SLOTS, ...added, id, baseUrl: null, keySealed: null })
  await markForCheck(tx, id)
  await publishConnectionChange(tx, id)
  return await readOne(tx, deps, id)
}

/**
 * Changes a connection. Calls under way end as they began; a new key, address or dialect is checked.
 *
 * @throws ProblemError `not_found`; `conflict` for what the environment decides; `invalid`
 */
export async function changeConnection(
  deps: ConnectionDeps,
  id: string,
  change: ConnectionChange,
): Promise<Connection> {
  return await withConnection(deps, id, async (tx, current) => {
    assertChangeAllowed(current, change)
    await assertFailoverModel(tx, id, change.failoverModel)
    if (change.baseUrl !== undefined && change.baseUrl !== current.baseUrl) await assertNoCallUnderWay(tx, id)
    const { key, ...rest } = change
    const keySealed = typeof key === 'string' ? sealKey(deps.encryptionKey, id, key) : key
    await updateConnection(tx, id, { ...rest, ...(keySealed !== undefined && { keySealed }) })
    if (needsCheck(change)) await markForCheck(tx, id)
    await publishConnectionChange(tx, id)
    return await readOne(tx, deps, id)
  })
}

/**
 * Removes a connection and its key. Calls under way end with it; generations that are queued wait.
 *
 * @throws ProblemError `not_found`; `conflict` for one of the environment or the studio
 */
export async function removeConnection(deps: ConnectionDeps, id: string): Promise<void> {
  await withConnection(deps, id, async (tx, current) => {
    assertRemovable(current)
    if (current.draft) await deleteDraft(tx, id)
    else await markRemoved(tx, id)
    await publishConnectionChange(tx, id)
  })
}

/** Checks that the model of a rule is one of another connection. @throws ProblemError `invalid` */
async function assertFailoverModel(tx: Transaction, id: string, model: string | null | undefined): Promise<void> {
  if (model === undefined || model === null) return
  const connection = (await findModel(tx, model))?.connection
  if (connection === undefined || connection === id)
    throwValidationError([{ path: 'failoverModel', message: 'is not a model of another connection' }])
}

/** Requests the check of a connection by a processor. It costs nothing at the provider. @throws ProblemError `not_found` */
export async function requestCheck(deps: ConnectionDeps, id: string): Promise<Connection> {
  return await withConnection(deps, id, async tx => {
    await markForCheck(tx, id)
    await publishConnectionChange(tx, id)
    return await readOne(tx, deps, id)
  })
}

/** Runs `work` in a transaction that has locked a connection. @throws ProblemError `not_found`; what `work` throws */
export async function withConnection<T>(
  { database }: ConnectionDeps,
  id: string,
  work: (tx: Transaction, current: LockedConnection) => Promise<T>,
): Promise<T> {
  return await transaction(database, async tx => {
    const current = await lockConnection(tx, id)
    if (!current) throw new ProblemError('not_found', 'There is no such connection.')
    return await work(tx, current)
  })
}

async function readOne(db: Queryable, deps: ConnectionDeps, id: string): Promise<Connection> {
  const [connection] = await readConnections(db, { ...deps, id })
  if (!connection) throw new Error(`connection ${id} was written and cannot be read`)
  return connection
}

function needsCheck({ key, baseUrl, dialect, draft }: ConnectionChange): boolean {
  return [key, baseUrl, dialect, draft].some(value => value !== undefined)
}
