import { ProblemError } from '@darkroom/infra/http/problem'

/** The downloads that are under way, by workspace. */
export interface DownloadSlots {
  /**
   * Takes a slot of a workspace.
   *
   * @returns what gives it back; to be called at the end, however that comes, and as often as one likes
   * @throws ProblemError `too_many` when all slots of the workspace are taken
   */
  take(workspaceId: string): () => void
}

const RETRY_AFTER_SECONDS = 10

/** @param most slots of each workspace */
export function createDownloadSlots(most: number): DownloadSlots {
  const taken = new Map<string, number>()
  const release = (workspaceId: string) => {
    const left = (taken.get(workspaceId) ?? 1) - 1
    if (left === 0) taken.delete(workspaceId)
    else taken.set(workspaceId, left)
  }
  return {
    take: workspaceId => {
      const count = taken.get(workspaceId) ?? 0
      if (count >= most) throw createTooManyError(most)
      taken.set(workspaceId, count + 1)
      let isTaken = true
      return () => {
        if (isTaken) release(workspaceId)
        isTaken = false
      }
    },
  }
}

function createTooManyError(most: number): ProblemError {
  const detail = `${most} downloads are under way. Wait until one of them has ended.`
  return new ProblemError('too_many', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS })
}
