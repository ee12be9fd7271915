import type { ServerSentEvent } from './event.ts'

/** What one client has yet to be sent: one thing of each name, in its newest state. */
export interface SendQueue {
  /** Puts something at the end, in place of what has the same name. */
  enqueue(event: ServerSentEvent): void
  /** Everything there is, oldest first, once there is something; undefined once it is closed. One may wait at a time. */
  dequeueAll(): Promise<Uint8Array[] | undefined>
  /** From here on nothing is given until it is released. */
  pause(): void
  /** Puts these before everything that waits, and gives all of it. */
  resume(first: readonly ServerSentEvent[]): void
  close(): void
}

/**
 * Keeps what is to be sent for as long as a client does not read. Whatever happens, it holds no more than `most` bytes: what is
 * beyond that is forgotten, all of it, and `overflow` says what stands in its place.
 */
export function createSendQueue(options: { maxBytes: number; onOverflow: () => ServerSentEvent }): SendQueue {
  const queued = new Map<string, Uint8Array>()
  let queuedBytes = 0
  let state: 'open' | 'paused' | 'closed' = 'open'
  let wakeup = Promise.withResolvers<void>()

  const insert = ({ key, bytes }: ServerSentEvent) => {
    queuedBytes += bytes.byteLength - (queued.get(key)?.byteLength ?? 0)
    // Taken out first, so that it goes to the end: ids never fall.
    queued.delete(key)
    queued.set(key, bytes)
  }
  const drain = () => {
    const all = [...queued].map(([key, bytes]) => ({ key, bytes }))
    queued.clear()
    queuedBytes = 0
    return all
  }
  const enqueue = (event: ServerSentEvent) => {
    if (state === 'closed') return
    insert(event)
    if (queuedBytes > options.maxBytes) {
      drain()
      insert(options.onOverflow())
    }
    wakeup.resolve()
  }
  return {
    enqueue,
    dequeueAll: async () => {
      while (state === 'paused' || (state === 'open' && queued.size === 0)) {
        await wakeup.promise
        wakeup = Promise.withResolvers<void>()
      }
      return state === 'open' ? drain().map(({ bytes }) => bytes) : undefined
    },
    pause: () => {
      if (state === 'open') state = 'paused'
    },
    resume: first => {
      if (state === 'paused') state = 'open'
      for (const event of [...first, ...drain()]) enqueue(event)
    },
    close: () => {
      state = 'closed'
      drain()
      wakeup.resolve()
    },
  }
}
