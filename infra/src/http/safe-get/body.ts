import type { IncomingMessage } from 'node:http'
import { explain, type Limits, tooLarge } from './safe-get-error.ts'

/** Reads nothing ahead, so that what the reader does not take yet waits at the sender. */
export function bodyOf(url: URL, response: IncomingMessage, limits: Limits): ReadableStream<Uint8Array> {
  const chunks = bytesOf(url, response, limits)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) return controller.close()
        controller.enqueue(value)
      },
      cancel: () => void response.destroy(),
    },
    { highWaterMark: 0 },
  )
}

async function* bytesOf(url: URL, response: IncomingMessage, limits: Limits): AsyncGenerator<Uint8Array, void> {
  let bytes = 0
  try {
    limits.stall.waiting()
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      limits.stall.over()
      bytes += chunk.byteLength
      if (bytes > limits.maxBytes) throw tooLarge(url, limits)
      yield chunk
      limits.stall.waiting()
    }
    if (!response.complete) throw new Error('The connection was closed before the end.')
  } catch (error) {
    throw explain(error, url, 'truncated', limits)
  } finally {
    limits.stall.over()
  }
}
