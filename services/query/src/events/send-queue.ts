import type { ServerSentEvent } from './event.ts'

/** The events that one client has yet to receive: the newest of each key. */
export interface SendQueue {
  /** Appends an event, and removes an older one with the same key. */
  enqueue(event: ServerSentEvent): void
  /**
   * Appends an event that may be lost: it is dropped while another one waits, and by the next one that is queued. It makes no queue
   * overflow, and a client that does not read it is not taken to be stalled.
   */
  offer(event: ServerSentEvent): void
  /**
   * Removes and returns everything, oldest first; waits while the queue is empty or paused. Returns undefined once it is closed.
   * Supports one waiting caller at a time.
   */
  dequeueAll(): Promise<Uint8Array[] | undefined>
  /** Withholds events until `resume`. */
  pause(): void
  /** Inserts events before the queued ones, and releases all of them. */
  resume(first: readonly ServerSentEvent[]): void
  /**
   * Returns for how long nothing was dequeued although events were queued, in ms, and whether the queue was too full for all of them;
   * null if nothing waits, or nothing may be sent yet.
   */
  stall(): { ms: number; isFull: boolean } | null
  close(): void
}

/** Bytes of offered events beyond which none is added. */
const MAX_OFFERED_BYTES = 256 * 1024

/**
 * Creates a queue of at most `maxBytes`. When it would exceed that, the whole content is dropped and replaced by the event that
 * `onOverflow` creates.
 *
 * @param options `now`: a clock in ms that never goes back
 */
export function createSendQueue(options: {
  maxBytes: number
  onOverflow: () => ServerSentEvent
  now?: () => number
}): SendQueue {
  const { now = () => performance.now() } = options
  const queued = new Map<string, Uint8Array>()
  const offered = new Map<string, Uint8Array>()
  let queuedBytes = 0
  let state: 'open' | 'paused' | 'closed' = 'open'
  let wakeup = Promise.withResolvers<void>()
  let waiting: { since: number; isFull: boolean } | null = null

  const insert = ({ key, bytes }: ServerSentEvent) => {
    queuedBytes += bytes.byteLength - (queued.get(key)?.byteLength ?? 0)
    // Deleted first to move it to the end: event ids must not decrease.
    queued.delete(key)
    queued.set(key, bytes)
  }
  const drain = () => {
    const all = [...queued].map(([key, bytes]) => ({ key, bytes }))
    queued.clear()
    queuedBytes = 0
    waiting = null
    return all
  }
  const enqueue = (event: ServerSentEvent) => {
    if (state === 'closed') return
    offered.clear()
    insert(event)
    const { since } = waiting ?? { since: now() }
    const isOverflowing = queuedBytes > options.maxBytes
    if (isOverflowing) {
      drain()
      insert(options.onOverflow())
    }
    waiting = { since, isFull: isOverflowing || waiting?.isFull === true }
    wakeup.resolve()
  }
  const offer = ({ key, bytes }: ServerSentEvent) => {
    if (state !== 'open' || queued.size > 0) return
    offered.delete(key)
    if (sumBytes(offered.values()) + bytes.byteLength > MAX_OFFERED_BYTES) return
    offered.set(key, bytes)
    wakeup.resolve()
  }
  const drainOffered = () => {
    const all = [...offered.values()]
    offered.clear()
    return all
  }
  return {
    enqueue,
    offer,
    dequeueAll: async () => {
      while (state === 'paused' || (state === 'open' && queued.size + offered.size === 0)) {
        await wakeup.promise
        wakeup = Promise.withResolvers<void>()
      }
      return state === 'open' ? [...drain().map(({ bytes }) => bytes), ...drainOffered()] : undefined
    },
    pause: () => {
      if (state === 'open') state = 'paused'
    },
    resume: first => {
      if (state === 'paused') state = 'open'
      for (const event of [...first, ...drain()]) enqueue(event)
    },
    stall: () => (state === 'open' && waiting ? { ms: now() - waiting.since, isFull: waiting.isFull } : null),
    close: () => {
      state = 'closed'
      drain()
      offered.clear()
      wakeup.resolve()
    },
  }
}

function sumBytes(all: Iterable<Uint8Array>): number {
  return [...all].reduce((sum, { byteLength }) => sum + byteLength, 0)
}
