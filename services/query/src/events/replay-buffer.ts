/** One change of a generation, as the bus told of it. */
export interface Change {
  sequence: number
  workspaceId: string
  id: string
}

/** The last changes that were told, so that whoever was away a short while need not read everything again. */
export interface ReplayBuffer {
  /** Those that come a second time are passed over. */
  add(change: Change): void
  /**
   * What changed in a workspace after a sequence: each generation once, at its last change, in order. Undefined if that is longer
   * ago than is remembered.
   */
  getChangesSince(sequence: number, workspaceId: string): Change[] | undefined
  /** Begins anew. @param sequence up to which nothing is known */
  reset(sequence: number): void
}

/** @param capacity how many changes are remembered */
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
