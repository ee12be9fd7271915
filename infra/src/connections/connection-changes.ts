import { CONNECTIONS_SUBJECT } from '@darkroom/contracts/subjects'
import type { Transaction } from '../database/connection.ts'
import { enqueueMessage } from '../database/outbox.ts'

/** Locks the table until the transaction ends, before its first change: two that had both changed a row would wait for each other. */
export async function lockConnections(tx: Transaction): Promise<void> {
  await tx`lock table connections in share row exclusive mode`
}

/** Publishes that a connection has changed: processors and pages read it again. */
export async function publishConnectionChange(tx: Transaction, id: string): Promise<void> {
  await enqueueMessage(tx, CONNECTIONS_SUBJECT, { v: 1, type: 'connection.changed', id }, null)
}

/** Publishes that the models of a connection have changed: pages read the list again. */
export async function publishModelsChange(tx: Transaction, id: string): Promise<void> {
  await enqueueMessage(tx, CONNECTIONS_SUBJECT, { v: 1, type: 'models.changed', id }, null)
}

/** Removes the models of a connection, and publishes that if there were any. */
export async function removeModels(tx: Transaction, id: string): Promise<void> {
  const { count } = await tx`delete from models where provider = ${id}`
  if (count > 0) await publishModelsChange(tx, id)
}
