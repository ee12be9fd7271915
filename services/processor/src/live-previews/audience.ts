/** The workspaces that somebody watches now, as the heartbeats of the query services tell. */
export interface Audience {
  /** Records a heartbeat. */
  add(workspaceId: string): void
  isWatched(workspaceId: string): boolean
}

/** Time after a heartbeat in which somebody is taken to watch. In a quiet studio heartbeats come about every 20 s. */
const WATCHED_MS = 40_000
const MAX_WORKSPACES = 10_000

/** @param now a clock in ms that never goes back */
export function createAudience(now: () => number = () => performance.now()): Audience {
  const heartbeats = new Map<string, number>()
  const isRecent = (at: number | undefined) => at !== undefined && now() - at < WATCHED_MS
  /** Deletes what is over, from the oldest heartbeat on. */
  const prune = () => {
    for (const [workspaceId, at] of heartbeats) {
      if (isRecent(at) && heartbeats.size <= MAX_WORKSPACES) return
      heartbeats.delete(workspaceId)
    }
  }
  return {
    add: workspaceId => {
      heartbeats.delete(workspaceId)
      heartbeats.set(workspaceId, now())
      prune()
    },
    isWatched: workspaceId => isRecent(heartbeats.get(workspaceId)),
  }
}
