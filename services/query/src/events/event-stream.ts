import type { Event } from './event.ts'
import { createBacklog } from './send-queue.ts'

/** One client's stream of server-sent events. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  response: Response
  /** Aborted when the client is gone or the stream was closed. */
  signal: AbortSignal
  /** Of several events with one name a slow client gets the last. */
  send(event: Event): void
  /** Sends these as soon as they are there, and before them nothing of what is sent meanwhile. @throws what they are rejected with */
  sendFirst(events: Promise<readonly Event[]>): Promise<void>
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
export function createStream(options: { onClose: () => void; overflow: () => Event }): EventStream {
  const closed = new AbortController()
  const backlog = createBacklog({ most: BACKLOG_BYTES, overflow: options.overflow })
  const end = () => {
    if (closed.signal.aborted) return
    closed.abort()
    backlog.close()
    options.onClose()
  }
  const sendFirst = async (events: Promise<readonly Event[]>) => {
    backlog.hold()
    backlog.release(await events)
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
  const response = new Response(body, { headers: HEADERS })
  return { response, signal: closed.signal, send: backlog.put, sendFirst, close: end }
}
