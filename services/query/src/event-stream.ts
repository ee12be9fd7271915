/** One client's stream of server-sent events. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  response: Response
  /** Aborted when the client is gone or the stream was closed. */
  signal: AbortSignal
  /** Sends text that is already in the format of the protocol. */
  send(text: string): void
  close(): void
}

const PING_MS = 15_000
/** What may wait for a client that reads slowly. One that falls further behind is cut off, and catches up when it returns. */
const BACKLOG_BYTES = 4 * 1024 * 1024

/** @param options `onClose` is called once, whoever ends the stream */
export function createStream(options: { onClose: () => void }): EventStream {
  const encoder = new TextEncoder()
  const closed = new AbortController()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const ping = setInterval(() => send(': ping\n\n'), PING_MS)

  const end = () => {
    if (closed.signal.aborted) return
    clearInterval(ping)
    closed.abort()
    options.onClose()
  }
  const close = () => {
    if (closed.signal.aborted) return
    end()
    controller?.close()
  }
  const send = (text: string) => {
    if (closed.signal.aborted) return
    controller?.enqueue(encoder.encode(text))
    if ((controller?.desiredSize ?? 0) < 0) close()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start: opened => {
        controller = opened
      },
      cancel: end,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: BACKLOG_BYTES }),
  )
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  }
  return { response: new Response(body, { headers }), signal: closed.signal, send, close }
}
