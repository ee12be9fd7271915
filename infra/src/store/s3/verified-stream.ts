import { withDeadline } from '../../runtime/timers.ts'
import { StoreError } from '../store.ts'

/**
 * The same bytes, as they are asked for. It ends in an error where fewer or more came than were promised, or where nothing
 * comes for too long, so that nobody takes a part for the whole.
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
        operation: 'The object store',
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
