import pLimit from 'p-limit'
import type { RenderRequest, WorkerMessage } from '../../../demo/worker-protocol.ts'
import { ProviderError } from '../adapter.ts'

export interface DrawOptions {
  signal: AbortSignal
  /** Called with the share of the image that is drawn, from 0 to 1. */
  onProgress: (share: number) => void
}

/** A few threads that draw images. Each is started when it is first needed, and reused. */
export interface WorkerPool {
  /** Draws an image. @returns red, green and blue, a byte each. @throws the signal's reason as soon as it is aborted */
  draw(request: RenderRequest, options: DrawOptions): Promise<Uint8Array<ArrayBuffer>>
  /** Number of running threads. */
  readonly threads: number
  /** Ends every thread; unfinished draws reject. */
  close(): void
}

export function openWorkerPool(maxThreads: number): WorkerPool {
  const limit = pLimit(maxThreads)
  const workers = new Set<Worker>()
  const idleWorkers: Worker[] = []
  const closing = new AbortController()

  return {
    get threads() {
      return workers.size
    },
    draw: (request, options) => {
      const signal = AbortSignal.any([options.signal, closing.signal])
      return rejectOnAbort(signal, () => limit(() => drawOnWorker(request, { ...options, signal })))
    },
    close: () => {
      closing.abort(new ProviderError('interrupted', { message: 'The demo provider was closed.' }))
      for (const worker of idleWorkers.splice(0)) terminateWorker(worker)
    },
  }

  function drawOnWorker(request: RenderRequest, { signal, onProgress }: DrawOptions): Promise<Uint8Array<ArrayBuffer>> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>()
    const worker = idleWorkers.pop() ?? startWorker()
    const done = new AbortController()
    const failDraw = (reason: unknown) => {
      done.abort()
      terminateWorker(worker)
      reject(reason)
    }
    const listenerOptions = { signal: done.signal }
    signal.addEventListener('abort', () => failDraw(signal.reason), listenerOptions)
    worker.addEventListener('error', event => failDraw(createCrashError(event)), listenerOptions)
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.kind === 'progress') return onProgress(data.share)
        done.abort()
        worker.unref()
        idleWorkers.push(worker)
        resolve(data.pixels)
      },
      listenerOptions,
    )
    worker.ref()
    worker.postMessage(request)
    return promise
  }

  function startWorker(): Worker {
    const worker = new Worker(new URL('../../../demo/worker.ts', import.meta.url))
    workers.add(worker)
    return worker
  }

  function terminateWorker(worker: Worker): void {
    worker.terminate()
    workers.delete(worker)
  }
}

function createCrashError(event: ErrorEvent): ProviderError {
  return new ProviderError('provider_failed', { message: 'The picture could not be drawn.', cause: event.message })
}

/** Runs `start`, and rejects with the signal's reason as soon as it is aborted, even while `start` waits for a free thread. */
function rejectOnAbort<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  start()
    .then(resolve, reject)
    .finally(() => signal.removeEventListener('abort', onAbort))
  return promise
}
