import type { Database } from '@darkroom/infra/database/connection'
import { readDocuments } from '../list/documents.ts'

/** Reads generations for everyone who waits for some at once. */
export interface BatchedReader {
  /** The texts of generations of a workspace, as they are when this is asked or newer. More may be in it than was asked for. */
  read(workspaceId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
}

interface Batch {
  ids: Set<string>
  result: Promise<ReadonlyMap<string, string>>
}

/**
 * While one statement runs, what others want gathers, and goes together as the next: a thousand clients who missed the same
 * changes cost one reading of them. One runs at a time, a workspace.
 *
 * @param onRead is told how many rows each statement asked for
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
