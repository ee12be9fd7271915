import type { Database } from '@darkroom/infra/database/connection'
import { readDocuments } from '../list/documents.ts'

/** Reads generation documents. Concurrent requests for one workspace share a statement. */
export interface BatchedReader {
  /**
   * Returns the documents (JSON text) of generations of a workspace by id, as of this call or newer. The map may contain
   * generations that other callers requested.
   */
  read(workspaceId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
}

interface Batch {
  ids: Set<string>
  result: Promise<ReadonlyMap<string, string>>
}

/**
 * Creates a reader that runs one statement at a time per workspace. Requests that arrive while a statement runs are collected
 * and sent as the next one: a thousand clients that missed the same changes cost one read.
 *
 * @param onRead called with the number of rows that each statement requests
 */
export function createBatchedReader(database: Database, onRead: (rows: number) => void): BatchedReader {
  const pendingBatches = new Map<string, Batch>()
  const running = new Map<string, Promise<unknown>>()

  const startBatch = (workspaceId: string): Batch => {
    const ids = new Set<string>()
    const previous = running.get(workspaceId) ?? Promise.resolve()
    const result = previous.then(async () => {
      pendingBatches.delete(workspaceId)
      onRead(ids.size)
      return await readDocuments(database, { workspaceId, ids: [...ids] })
    })
    const settled = result.then(
      () => {},
      () => {},
    )
    running.set(workspaceId, settled)
    void settled.then(() => {
      if (running.get(workspaceId) === settled) running.delete(workspaceId)
    })
    const batch = { ids, result }
    pendingBatches.set(workspaceId, batch)
    return batch
  }
  return {
    read: async (workspaceId, ids) => {
      const batch = pendingBatches.get(workspaceId) ?? startBatch(workspaceId)
      for (const id of ids) batch.ids.add(id)
      return await batch.result
    },
  }
}
