import { withDeadline } from '../../runtime/timers.ts'
import { StoreError } from '../store.ts'

/**
 * The same bytes, as they are asked for. It ends in an error where fewer or more came than were promised, or where nothing
 * comes for too long, so that nobody takes a part for the whole.
 */
export function guarded(
  body: ReadableStream<Uint8Array>,
  { bytes, stallMs }: { bytes: number; stallMs: number },
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let left = bytes
  return new ReadableStream({
    pull: async controller => {
      const next = await withDeadline(reader.read(), { milliseconds: stallMs, what: 'The object store' }).catch(
        async error => {
          void reader.cancel(error).catch(() => undefined)
          throw new StoreError('the object store broke off in the middle', { cause: error })
        },
      )
      left -= next.value?.byteLength ?? 0
      if (left < 0 || (next.done && left > 0)) throw new StoreError('the object store sent another number of bytes')
      if (next.done) return controller.close()
      controller.enqueue(next.value)
    },
    cancel: reason => reader.cancel(reason),
  })
}
