import { withDeadline } from '@darkroom/infra/runtime/timers'

/** A message to the thread about one file. `grown`: this many of its bytes are written. `abandoned`: its MD5 is not needed any more. */
export type Md5Request =
  | { type: 'opened'; id: number; path: string }
  | { type: 'grown'; id: number; bytes: number }
  | { type: 'complete' | 'abandoned'; id: number }
  | { type: 'end' }

export type Md5Response = { id: number; md5: string } | { id: number; error: string }

/** The MD5 of a file that is being written. */
export interface GrowingMd5 {
  /** Reports how many bytes of the file are written. */
  grow(bytes: number): void
  /** Returns the MD5 of all bytes that were reported, in hex; undefined where the thread could not compute it. Never throws. */
  complete(): Promise<string | undefined>
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

const NO_MD5: GrowingMd5 = { grow: () => {}, complete: async () => undefined, abandon: () => {} }

/**
 * Creates the thread. It is started for the first file, and does not prevent the process from ending. Where it fails there is no MD5, and
 * everything else goes on.
 */
export function createMd5Thread(start = startMd5Worker): Md5Thread {
  const pending = new Map<number, { worker: Worker; result: PromiseWithResolvers<string | undefined> }>()
  let worker: Worker | undefined
  let idle: Timer | undefined
  let nextId = 0
  const settle = (id: number, md5?: string) => {
    pending.get(id)?.result.resolve(md5)
    if (pending.delete(id) && pending.size === 0) idle = setTimeout(end, IDLE_MS).unref()
  }
  const end = () => {
    if (worker) send(worker, { type: 'end' })
    worker = undefined
  }
  const forget = (ended: Worker) => {
    if (worker === ended) worker = undefined
    for (const [id, file] of pending) if (file.worker === ended) settle(id)
  }
  /** Sends a message. One to a thread that has ended throws. */
  const send = (to: Worker, request: Md5Request) => {
    try {
      to.postMessage(request)
    } catch {
      forget(to)
    }
  }
  const startWorker = () => {
    const started = start()
    started.unref()
    started.onmessage = ({ data }: MessageEvent<Md5Response>) => settle(data.id, 'md5' in data ? data.md5 : undefined)
    started.onerror = () => forget(started)
    started.addEventListener('close', () => forget(started))
    return started
  }
  return {
    open: path => {
      const id = nextId++
      clearTimeout(idle)
      try {
        worker ??= startWorker()
      } catch {
        return NO_MD5
      }
      const thread = worker
      const result = Promise.withResolvers<string | undefined>()
      pending.set(id, { worker: thread, result })
      send(thread, { type: 'opened', id, path })
      return {
        grow: bytes => send(thread, { type: 'grown', id, bytes }),
        complete: async () => {
          send(thread, { type: 'complete', id })
          const deadline = { milliseconds: COMPLETE_MS, operation: 'the MD5 of an output' }
          return await withDeadline(result.promise, deadline)
            .catch(() => undefined)
            .finally(() => settle(id))
        },
        abandon: () => {
          send(thread, { type: 'abandoned', id })
          settle(id)
        },
      }
    },
  }
}

function startMd5Worker(): Worker {
  return new Worker(new URL('./md5-worker.ts', import.meta.url), { smol: true })
}
