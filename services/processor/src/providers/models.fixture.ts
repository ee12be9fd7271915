import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Adapter } from './adapter.ts'
import { type Connections, createFixedConnections } from './connections.ts'
import { replaceModels } from './model-rows.ts'

const TIMEOUT_MS = 60_000

/** Writes the models of adapters to the database, and returns the connections of a process that serves these adapters. */
export async function publishFixedModels(
  database: Database,
  adapters: readonly Adapter[],
  slots: number,
): Promise<Connections> {
  const lists = await Promise.all(adapters.map(adapter => adapter.models(AbortSignal.timeout(TIMEOUT_MS))))
  await transaction(database, async tx => {
    for (const [index, { connection }] of adapters.entries())
      await replaceModels(tx, connection, lists[index] ?? [], { isPublished: false })
  })
  return createFixedConnections(adapters, { slots, models: lists.flat() })
}
