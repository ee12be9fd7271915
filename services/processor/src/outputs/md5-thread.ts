import { withDeadline } from '@darkroom/infra/runtime/timers'

/** A message to the thread about one file. `grown`: this many of its bytes are written. `abandoned`: its MD5 is not needed any more. */
export type Md5Request =
  | { type: 'opened'; id: number; path: string }
  | { type: 'grown'; id: number; bytes: number }
  | { type: 'complete' | 'abandoned'; id: number }

export type Md5Response = { id: number; md5: string } | { id: number; error: string }

/** The MD5 of a file that is being written. */
export interface GrowingMd5 {
  /** Reports how many bytes of the file are written. */
  grow(bytes: number): void
  /** Returns the MD5 of all bytes that were reported, in hex. @throws Error if the file could not be read; DeadlineError */
  complete(): Promise<string>
  /** Ends the work on the file. */
  abandon(): void
}

/** Computes MD5s in a thread of its own: beside the SHA-256 and the transfers they would take the main thread a third of its time. */
export interface Md5Thread {
  open(path: string): GrowingMd5
}

/** Time without a file after which the thread ends, in ms: it has some memory. */
const IDLE_MS = 10_000
/** Longer than a large file takes once it is written whole. */
const COMPLETE_MS = 30_000

/** Creates the thread. It is started for the first file, and does not prevent the process from ending. */
export function createMd5Thread(): Md5Thread {
  const pending = new Map<number, PromiseWithResolvers<string>>()
  let worker: Worker | undefined
  let idle: Timer | undefined
  let nextId = 0
  const start = () => {
    const started = new Worker(new URL('./md5-worker.ts', import.meta.url), { smol: true })
    started.unref()
    started.onmessage = ({ data }: MessageEvent<Md5Response>) => {
      const result = pending.get(data.id)
      if ('md5' in data) result?.resolve(data.md5)
      else result?.reject(new Error(data.error))
    }
    started.onerror = ({ message }) => {
      if (worker === started) worker = undefined
      for (const result of pending.values()) result.reject(new Error(`the thread of the MD5s ended: ${message}`))
    }
    return started
  }
  const finish = (id: number) => {
    pending.delete(id)
    if (pending.size > 0) return
    idle = setTimeout(() => {
      worker?.terminate()
      worker = undefined
    }, IDLE_MS)
    idle.unref()
  }
  return {
    open: path => {
      const id = nextId++
      const result = Promise.withResolvers<string>()
      // It may fail before anyone waits for it.
      result.promise.catch(() => {})
      pending.set(id, result)
      clearTimeout(idle)
      worker ??= start()
      const thread = worker
      const send = (request: Md5Request) => thread.postMessage(request)
      send({ type: 'opened', id, path })
      return {
        grow: bytes => send({ type: 'grown', id, bytes }),
        complete: async () => {
          send({ type: 'complete', id })
          const deadline = { milliseconds: COMPLETE_MS, operation: 'the MD5 of an output' }
          return await withDeadline(result.promise, deadline).finally(() => finish(id))
        },
        abandon: () => {
          send({ type: 'abandoned', id })
          finish(id)
        },
      }
    },
  }
}
