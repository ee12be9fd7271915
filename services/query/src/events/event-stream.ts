import { createTokenBucket } from '@darkroom/infra/runtime/token-bucket'
import type { ServerSentEvent } from './event.ts'
import { createSendQueue, type SendQueue } from './send-queue.ts'

/** A client's stream of server-sent events. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  response: Response
  /** Aborted when the client disconnects or the stream is closed. */
  signal: AbortSignal
  /** Queues an event. It replaces a queued event with the same key. */
  send(event: ServerSentEvent): void
  /** Sends an event that may be lost, if nothing else is to be sent and the client had not too many of these in the last second. */
  offer(event: ServerSentEvent): void
  /**
   * Sends events once they are available. Events that are sent meanwhile wait and follow them.
   *
   * @throws the rejection of `events`
   */
  sendFirst(events: Promise<readonly ServerSentEvent[]>): Promise<void>
  /** Returns since when the connection has had no room, as `SendQueue.stall` does. */
  stall: SendQueue['stall']
  /** Ends the stream once the client has received what was sent. */
  close(): void
  /** Ends the stream and its connection, although the client has not received what was sent. */
  drop(): void
}

export interface EventStreamOptions {
  /** Called once, whether the client or the server ends the stream. */
  onClose: () => void
  /** Creates the event that replaces an overflowing send queue. */
  onOverflow: () => ServerSentEvent
  /** Closes the connection. A closed stream alone does not: the server waits until the client has read what was sent. */
  disconnect: () => void
}

/** Limit of a client's send queue. A client that falls further behind gets a resync. */
const MAX_QUEUED_BYTES = 1024 * 1024

/** Offered events, of a second and at once, in bytes: what the network has accepted delays the events after it. */
const OFFERED_BYTES = { perSecond: 512 * 1024, capacity: 256 * 1024 }

/** Headers of an event stream. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

export function createEventStream(options: EventStreamOptions): EventStream {
  const closed = new AbortController()
  const queue = createSendQueue({ maxBytes: MAX_QUEUED_BYTES, onOverflow: options.onOverflow })
  const bucket = createTokenBucket(OFFERED_BYTES)
  const offer = (event: ServerSentEvent) => {
    if (bucket.take(event.bytes.byteLength)) queue.offer(event)
  }
  const end = () => {
    if (closed.signal.aborted) return
    closed.abort()
    queue.close()
    options.onClose()
  }
  const drop = () => {
    end()
    options.disconnect()
  }
  const sendFirst = async (events: Promise<readonly ServerSentEvent[]>) => {
    queue.pause()
    queue.resume(await events)
  }
  const body = new ReadableStream<Uint8Array>(
    {
      // Called only when the connection has room: until then events stay in the queue, where a newer one can replace them.
      pull: async controller => {
        const chunks = await queue.dequeueAll()
        for (const bytes of chunks ?? []) controller.enqueue(bytes)
        if (!chunks) controller.close()
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
  const response = new Response(body, { headers: EVENT_STREAM_HEADERS })
  return {
    response,
    signal: closed.signal,
    send: queue.enqueue,
    offer,
    sendFirst,
    stall: queue.stall,
    close: end,
    drop,
  }
}
