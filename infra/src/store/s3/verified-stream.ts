import { withDeadline } from '../../runtime/timers.ts'
import { StoreError } from '../store.ts'

/**
 * Wraps the body of a response and verifies its length, so that a truncated object is never taken for a whole one. Reads only as
 * much as the consumer requests.
 *
 * @param options `bytes` is the announced length; `idleTimeoutMs` is the longest wait for a chunk
 * @returns a stream that fails with a StoreError when fewer or more bytes arrive, or nothing arrives in time
 */
export function createVerifiedStream(
  body: ReadableStream<Uint8Array>,
  { bytes, idleTimeoutMs }: { bytes: number; idleTimeoutMs: number },
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let remaining = bytes
  return new ReadableStream({
    pull: async controller => {
      const next = await withDeadline(reader.read(), {
        milliseconds: idleTimeoutMs,
        operation: 'a read from the object store',
      }).catch(async error => {
        void reader.cancel(error).catch(() => undefined)
        throw new StoreError('the object store broke off in the middle', { cause: error })
      })
      remaining -= next.value?.byteLength ?? 0
      if (remaining < 0 || (next.done && remaining > 0))
        throw new StoreError('the object store sent another number of bytes')
      if (next.done) return controller.close()
      controller.enqueue(next.value)
    },
    cancel: reason => reader.cancel(reason),
  })
}
