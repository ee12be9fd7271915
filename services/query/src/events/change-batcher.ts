import type { Change } from './replay-buffer.ts'

export interface TellerDeps {
  /** Takes changes in order, each generation once. */
  tell(changes: readonly Change[]): Promise<void>
  /** Up to this sequence everything has been told. */
  onTold(sequence: number): void
  /** Something could not be told: nothing is told any more. */
  fail(reason: unknown): void
  /** From then on nothing is told any more. */
  signal: AbortSignal
}

export interface Teller {
  /** @param change undefined if what has this sequence is none */
  hear(sequence: number, change: Change | undefined): void
}

/** Tells of changes as they come, and of those that came meanwhile together. */
export function createTeller({ tell, onTold, fail, signal }: TellerDeps): Teller {
  const waiting = new Map<string, Change>()
  let heard = 0
  let state: 'idle' | 'telling' = 'idle'

  const tellAll = async () => {
    state = 'telling'
    for (let told = 0; told < heard; ) {
      const upTo = heard
      const changes = [...waiting.values()]
      waiting.clear()
      await tell(changes)
      // Whoever follows by now begins where this one was.
      if (signal.aborted) return
      told = upTo
      onTold(told)
    }
    // In the same instant in which nothing more was heard: what is heard later begins anew.
    state = 'idle'
  }
  const hear = (sequence: number, change: Change | undefined) => {
    heard = sequence
    if (change) {
      waiting.delete(change.id)
      waiting.set(change.id, change)
    }
    if (state === 'idle') void tellAll().catch(fail)
  }
  return { hear }
}
