import type { ServerSentEvent } from './event.ts'
import { createSendQueue } from './send-queue.ts'

/** One client's stream of server-sent events. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  response: Response
  /** Aborted when the client is gone or the stream was closed. */
  signal: AbortSignal
  /** Of several events with one name a slow client gets the last. */
  send(event: ServerSentEvent): void
  /** Sends these as soon as they are there, and before them nothing of what is sent meanwhile. @throws what they are rejected with */
  sendFirst(events: Promise<readonly ServerSentEvent[]>): Promise<void>
  close(): void
}

/** What may wait for a client that reads slowly. One that falls further behind is told to read everything again. */
const MAX_QUEUED_BYTES = 1024 * 1024

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/**
 * @param options `onClose` is called once, whoever ends the stream; `overflow` is sent to a client in place of more than it can
 *   take
 */
export function createEventStream(options: { onClose: () => void; onOverflow: () => ServerSentEvent }): EventStream {
  const closed = new AbortController()
  const queue = createSendQueue({ maxBytes: MAX_QUEUED_BYTES, onOverflow: options.onOverflow })
  const end = () => {
    if (closed.signal.aborted) return
    closed.abort()
    queue.close()
    options.onClose()
  }
  const sendFirst = async (events: Promise<readonly ServerSentEvent[]>) => {
    queue.pause()
    queue.resume(await events)
  }
  const body = new ReadableStream<Uint8Array>(
    {
      // Asked when the connection has room, and not before: what waits, waits where newer can take its place.
      pull: async controller => {
        const chunks = await queue.dequeueAll()
        for (const bytes of chunks ?? []) controller.enqueue(bytes)
        if (!chunks) controller.close()
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
  const response = new Response(body, { headers: HEADERS })
  return { response, signal: closed.signal, send: queue.enqueue, sendFirst, close: end }
}
