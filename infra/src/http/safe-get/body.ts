import type { IncomingMessage } from 'node:http'
import { createTooLargeError, type FetchLimits, toSafeGetError } from './safe-get-error.ts'

/** Creates the stream of a response's body. It reads nothing ahead: backpressure reaches the sender. */
export function createBodyStream(url: URL, response: IncomingMessage, limits: FetchLimits): ReadableStream<Uint8Array> {
  const chunks = readChunks(url, response, limits)
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

async function* readChunks(url: URL, response: IncomingMessage, limits: FetchLimits): AsyncGenerator<Uint8Array, void> {
  let bytes = 0
  try {
    limits.idleTimeout.start()
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      limits.idleTimeout.stop()
      bytes += chunk.byteLength
      if (bytes > limits.maxBytes) throw createTooLargeError(url, limits)
      yield chunk
      limits.idleTimeout.start()
    }
    if (!response.complete) throw new Error('connection closed before the end of the body')
  } catch (error) {
    throw toSafeGetError(error, url, 'truncated', limits)
  } finally {
    limits.idleTimeout.stop()
  }
}
