/** A change of a generation, as received from the bus. */
export interface Change {
  sequence: number
  workspaceId: string
  id: string
}

/** The most recent changes. A client that was disconnected briefly gets them replayed instead of reading everything again. */
export interface ReplayBuffer {
  /** Adds a change. Ignores one that was added before (redelivery). */
  add(change: Change): void
  /**
   * Returns the changes of a workspace after a sequence: one per generation, its last, in order. Returns undefined if the buffer
   * does not reach back that far.
   */
  getChangesSince(sequence: number, workspaceId: string): Change[] | undefined
  /** Empties the buffer. @param sequence up to which changes are unknown */
  reset(sequence: number): void
}

/** @param capacity changes that are always available; up to twice as many are stored before the oldest are dropped */
export function createReplayBuffer(capacity: number): ReplayBuffer {
  let changes: Change[] = []
  let floor = 0

  const trim = () => {
    if (changes.length < capacity * 2) return
    floor = changes.at(-capacity - 1)?.sequence ?? floor
    changes = changes.slice(-capacity)
  }
  return {
    add: change => {
      if (change.sequence <= Math.max(floor, changes.at(-1)?.sequence ?? 0)) return
      changes.push(change)
      trim()
    },
    getChangesSince: (sequence, workspaceId) => {
      if (sequence < floor) return undefined
      const latest = new Map<string, Change>()
      for (const change of changes.slice(findIndexAfter(changes, sequence))) {
        if (change.workspaceId !== workspaceId) continue
        latest.delete(change.id)
        latest.set(change.id, change)
      }
      return [...latest.values()]
    },
    reset: sequence => {
      changes = []
      floor = sequence
    },
  }
}

function findIndexAfter(changes: readonly Change[], sequence: number): number {
  let [low, high] = [0, changes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((changes[middle]?.sequence ?? 0) <= sequence) low = middle + 1
    else high = middle
  }
  return low
}
