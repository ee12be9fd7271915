import pLimit from 'p-limit'
import type { PictureRequest } from '../../../demo/render-image.ts'
import type { WorkerMessage } from '../../../demo/worker.ts'
import { ProviderError } from '../provider.ts'

export interface DrawOptions {
  signal: AbortSignal
  /** Told, from 0 to 1, how much of the picture is done. */
  told: (share: number) => void
}

/** A few threads that draw, each made when it is first needed and kept for the next picture. */
export interface Studio {
  /** Gives red, green and blue, a byte each. Rejects with the signal's reason as soon as it is aborted. */
  draw(request: PictureRequest, options: DrawOptions): Promise<Uint8Array<ArrayBuffer>>
  /** Threads alive now. */
  readonly threads: number
  /** Ends every thread; what they draw is rejected. */
  close(): void
}

export function openStudio(threadsAtMost: number): Studio {
  const limit = pLimit(threadsAtMost)
  const alive = new Set<Worker>()
  const idle: Worker[] = []
  const closing = new AbortController()

  return {
    get threads() {
      return alive.size
    },
    draw: (request, options) => {
      const signal = AbortSignal.any([options.signal, closing.signal])
      return unlessAborted(signal, () => limit(() => drawing(request, { ...options, signal })))
    },
    close: () => {
      closing.abort(new ProviderError('interrupted', { message: 'The demo provider was closed.' }))
      for (const worker of idle.splice(0)) end(worker)
    },
  }

  function drawing(request: PictureRequest, { signal, told }: DrawOptions): Promise<Uint8Array<ArrayBuffer>> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>()
    const worker = idle.pop() ?? hire()
    const done = new AbortController()
    const dismiss = (reason: unknown) => {
      done.abort()
      end(worker)
      reject(reason)
    }
    const listen = { signal: done.signal }
    signal.addEventListener('abort', () => dismiss(signal.reason), listen)
    worker.addEventListener('error', event => dismiss(crashed(event)), listen)
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.kind === 'told') return told(data.share)
        done.abort()
        worker.unref()
        idle.push(worker)
        resolve(data.pixels)
      },
      listen,
    )
    worker.ref()
    worker.postMessage(request)
    return promise
  }

  function hire(): Worker {
    const worker = new Worker(new URL('../../../demo/worker.ts', import.meta.url))
    alive.add(worker)
    return worker
  }

  function end(worker: Worker): void {
    worker.terminate()
    alive.delete(worker)
  }
}

function crashed(event: ErrorEvent): ProviderError {
  return new ProviderError('provider_failed', { message: 'The picture could not be drawn.', cause: event.message })
}

/** What waits for a free thread is rejected at once too. */
function unlessAborted<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  start()
    .then(resolve, reject)
    .finally(() => signal.removeEventListener('abort', stop))
  return promise
}
