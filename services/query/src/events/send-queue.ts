import type { Event } from './event.ts'

/** What one client has yet to be sent: one thing of each name, in its newest state. */
export interface Backlog {
  /** Puts something at the end, in place of what has the same name. */
  put(event: Event): void
  /** Everything there is, oldest first, once there is something; undefined once it is closed. One may wait at a time. */
  take(): Promise<Uint8Array[] | undefined>
  /** From here on nothing is given until it is released. */
  hold(): void
  /** Puts these before everything that waits, and gives all of it. */
  release(first: readonly Event[]): void
  close(): void
}

/**
 * Keeps what is to be sent for as long as a client does not read. Whatever happens, it holds no more than `most` bytes: what is
 * beyond that is forgotten, all of it, and `overflow` says what stands in its place.
 */
export function createBacklog(options: { most: number; overflow: () => Event }): Backlog {
  const waiting = new Map<string, Uint8Array>()
  let waitingBytes = 0
  let state: 'open' | 'held' | 'closed' = 'open'
  let bell = Promise.withResolvers<void>()

  const place = ({ name, bytes }: Event) => {
    waitingBytes += bytes.byteLength - (waiting.get(name)?.byteLength ?? 0)
    // Taken out first, so that it goes to the end: ids never fall.
    waiting.delete(name)
    waiting.set(name, bytes)
  }
  const empty = () => {
    const all = [...waiting].map(([name, bytes]) => ({ name, bytes }))
    waiting.clear()
    waitingBytes = 0
    return all
  }
  const put = (event: Event) => {
    if (state === 'closed') return
    place(event)
    if (waitingBytes > options.most) {
      empty()
      place(options.overflow())
    }
    bell.resolve()
  }
  return {
    put,
    take: async () => {
      while (state === 'held' || (state === 'open' && waiting.size === 0)) {
        await bell.promise
        bell = Promise.withResolvers<void>()
      }
      return state === 'open' ? empty().map(({ bytes }) => bytes) : undefined
    },
    hold: () => {
      if (state === 'open') state = 'held'
    },
    release: first => {
      if (state === 'held') state = 'open'
      for (const event of [...first, ...empty()]) put(event)
    },
    close: () => {
      state = 'closed'
      empty()
      bell.resolve()
    },
  }
}
