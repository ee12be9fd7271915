import type { Database } from '@darkroom/infra/database/connection'
import { readDocuments } from '../list/documents.ts'

/** Reads generations for everyone who waits for some at once. */
export interface Reader {
  /** The texts of generations of a workspace, as they are when this is asked or newer. More may be in it than was asked for. */
  read(workspaceId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
}

interface Turn {
  wanted: Set<string>
  result: Promise<ReadonlyMap<string, string>>
}

/**
 * While one statement runs, what others want gathers, and goes together as the next: a thousand clients who missed the same
 * changes cost one reading of them. One runs at a time, a workspace.
 *
 * @param onRead is told how many rows each statement asked for
 */
export function createReader(database: Database, onRead: (rows: number) => void): Reader {
  const gathering = new Map<string, Turn>()
  const running = new Map<string, Promise<unknown>>()

  const begin = (workspaceId: string): Turn => {
    const wanted = new Set<string>()
    const before = running.get(workspaceId) ?? Promise.resolve()
    const result = before.then(async () => {
      gathering.delete(workspaceId)
      onRead(wanted.size)
      return await readDocuments(database, { workspaceId, ids: [...wanted] })
    })
    const settled = result.then(
      () => {},
      () => {},
    )
    running.set(workspaceId, settled)
    void settled.then(() => {
      if (running.get(workspaceId) === settled) running.delete(workspaceId)
    })
    const turn = { wanted, result }
    gathering.set(workspaceId, turn)
    return turn
  }
  return {
    read: async (workspaceId, ids) => {
      const turn = gathering.get(workspaceId) ?? begin(workspaceId)
      for (const id of ids) turn.wanted.add(id)
      return await turn.result
    },
  }
}
