import type { Change } from './replay-buffer.ts'

export interface ChangeBatcherDeps {
  /** Handles a batch of changes in order, at most one per generation. */
  onBatch(changes: readonly Change[]): Promise<void>
  /** Called once every change up to this sequence has been handled. */
  onProcessed(sequence: number): void
  /** Called when `onBatch` rejects. No further batch is started. */
  onError(reason: unknown): void
  /** Stops the batcher: a batch that ends after the abort does not count as processed, and none follows it. */
  signal: AbortSignal
}

export interface ChangeBatcher {
  /** Queues a change. @param change undefined if the message with this sequence is not a change */
  add(sequence: number, change: Change | undefined): void
}

/** Creates a batcher: a change is handled at once, and changes that arrive during a batch form the next batch. */
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
      // The next subscription may have started from the old position already.
      if (signal.aborted) return
      processed = upTo
      onProcessed(processed)
    }
    // No await between the last comparison and this line: an `add` after it starts a new flush.
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
