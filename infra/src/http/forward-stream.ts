/** Called with what a response waits for: its source to give more, its client to read, or nothing once all has been given. */
export type OnWaiting = (waitingFor: 'source' | 'client' | 'nothing') => void

/**
 * Returns a stream of the same bytes that is aborted without a reason when its source breaks off. With the original error Bun would
 * print a stack trace. A server's idle timeout does not suit such a stream: Bun counts from the request on while the client is quicker
 * than the source, and where a client has no room nothing shows that the source has ended.
 *
 * @param onWaiting sets the timeout: none while the source is waited for, that of idle connections at the end
 * @param onEnd called when nothing more is read: at the end, after an error, or when the client has gone
 */
export function forwardStream(
  source: ReadableStream<Uint8Array>,
  onWaiting: OnWaiting,
  onEnd: () => void = () => {},
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  // Pulled only when it is read: what sets the timeout of the connection before that does not set it later.
  const strategy = { highWaterMark: 0 }
  return new ReadableStream<Uint8Array>(
    {
      pull: async controller => {
        onWaiting('source')
        const next = await reader.read().catch(() => undefined)
        onWaiting(next?.done ? 'nothing' : 'client')
        if (!next || next.done) onEnd()
        if (!next) return controller.error()
        if (next.done) return controller.close()
        controller.enqueue(next.value)
      },
      cancel: reason => {
        onEnd()
        return reader.cancel(reason)
      },
    },
    strategy,
  )
}
