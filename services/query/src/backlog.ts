/** What one client has yet to be sent: one thing of each name, in its newest state. */
export interface Backlog {
  /** Puts something at the end, in place of what has the same name. */
  put(name: string, bytes: Uint8Array): void
  /** Everything there is, oldest first, once there is something; undefined once it is closed. One may wait at a time. */
  take(): Promise<Uint8Array[] | undefined>
  close(): void
}

/**
 * Keeps what is to be sent for as long as a client does not read. Whatever happens, it holds no more than `most` bytes: what is
 * beyond that is forgotten, all of it, and `overflow` says what stands in its place.
 */
export function createBacklog(options: { most: number; overflow: () => { name: string; bytes: Uint8Array } }): Backlog {
  const waiting = new Map<string, Uint8Array>()
  let held = 0
  let state: 'open' | 'closed' = 'open'
  let bell = Promise.withResolvers<void>()

  const place = (name: string, bytes: Uint8Array) => {
    held += bytes.byteLength - (waiting.get(name)?.byteLength ?? 0)
    // Taken out first, so that it goes to the end: ids never fall.
    waiting.delete(name)
    waiting.set(name, bytes)
  }
  const empty = () => {
    const all = [...waiting.values()]
    waiting.clear()
    held = 0
    return all
  }
  return {
    put: (name, bytes) => {
      if (state === 'closed') return
      place(name, bytes)
      if (held > options.most) {
        empty()
        const instead = options.overflow()
        place(instead.name, instead.bytes)
      }
      bell.resolve()
    },
    take: async () => {
      while (state === 'open' && waiting.size === 0) {
        await bell.promise
        bell = Promise.withResolvers<void>()
      }
      return state === 'open' ? empty() : undefined
    },
    close: () => {
      state = 'closed'
      empty()
      bell.resolve()
    },
  }
}
