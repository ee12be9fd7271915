import { createBacklog } from './backlog.ts'

/** One client's stream of server-sent events. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  response: Response
  /** Aborted when the client is gone or the stream was closed. */
  signal: AbortSignal
  /** Sends bytes that are already in the format of the protocol; of several with one name a slow client gets the last. */
  send(name: string, bytes: Uint8Array): void
  close(): void
}

/** What may wait for a client that reads slowly. One that falls further behind is told to read everything again. */
const BACKLOG_BYTES = 1024 * 1024

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/**
 * @param options `onClose` is called once, whoever ends the stream; `overflow` is sent to a client in place of more than it can
 *   take
 */
export function createStream(options: {
  onClose: () => void
  overflow: () => { name: string; bytes: Uint8Array }
}): EventStream {
  const closed = new AbortController()
  const backlog = createBacklog({ most: BACKLOG_BYTES, overflow: options.overflow })
  const end = () => {
    if (closed.signal.aborted) return
    closed.abort()
    backlog.close()
    options.onClose()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      // Asked when the connection has room, and not before: what waits, waits where newer can take its place.
      pull: async controller => {
        const waiting = await backlog.take()
        for (const bytes of waiting ?? []) controller.enqueue(bytes)
        if (!waiting) controller.close()
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
  return { response: new Response(body, { headers: HEADERS }), signal: closed.signal, send: backlog.put, close: end }
}
