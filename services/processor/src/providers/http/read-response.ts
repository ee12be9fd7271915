import { ProviderError } from '../adapter.ts'
import type { HttpRequest } from './http-client.ts'
import { createMisbehavedError, toTransportError } from './transport-error.ts'

type ReadRequest = Pick<HttpRequest, 'signal' | 'failureIfUnanswered'>

/** Yields a response's bytes as they arrive. @throws ProviderError when it is cut off or longer than `maxBytes` */
export async function* readChunks(
  response: Response,
  request: ReadRequest,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  let length = 0
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.byteLength
      if (length > maxBytes) throw createMisbehavedError(request.failureIfUnanswered)
      yield chunk
    }
  } catch (error) {
    throw error instanceof ProviderError ? error : toTransportError(error, request)
  }
}

/** Reads a response as JSON. @throws ProviderError when it is cut off, longer than `maxBytes`, or not JSON */
export async function readJson(response: Response, request: ReadRequest, maxBytes: number): Promise<unknown> {
  const text = (await Array.fromAsync(decodeText(readChunks(response, request, maxBytes)))).join('')
  try {
    return JSON.parse(text)
  } catch {
    throw createMisbehavedError(request.failureIfUnanswered)
  }
}

export async function* decodeText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true })
}
