import type { Change } from './replay-buffer.ts'

export interface ChangeBatcherDeps {
  /** Takes changes in order, each generation once. */
  onBatch(changes: readonly Change[]): Promise<void>
  /** Up to this sequence everything has been told. */
  onProcessed(sequence: number): void
  /** Something could not be told: nothing is told any more. */
  onError(reason: unknown): void
  /** From then on nothing is told any more. */
  signal: AbortSignal
}

export interface ChangeBatcher {
  /** @param change undefined if what has this sequence is none */
  add(sequence: number, change: Change | undefined): void
}

/** Tells of changes as they come, and of those that came meanwhile together. */
export function createChangeBatcher({ onBatch, onProcessed, onError, signal }: ChangeBatcherDeps): ChangeBatcher {
  const pending = new Map<string, Change>()
  let lastSequence = 0
  let state: 'idle' | 'flushing' = 'idle'

  const flush = async () => {
    state = 'flushing'
    for (let processed = 0; processed < lastSequence; ) {
      const upTo = lastSequence
      const changes = [...pending.values()]
      pending.clear()
      await onBatch(changes)
      // Whoever follows by now begins where this one was.
      if (signal.aborted) return
      processed = upTo
      onProcessed(processed)
    }
    // In the same instant in which nothing more was heard: what is heard later begins anew.
    state = 'idle'
  }
  const add = (sequence: number, change: Change | undefined) => {
    lastSequence = sequence
    if (change) {
      pending.delete(change.id)
      pending.set(change.id, change)
    }
    if (state === 'idle') void flush().catch(onError)
  }
  return { add }
}
