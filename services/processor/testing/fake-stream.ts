import { BytesLine } from '@darkroom/infra/testing/fake-provider/wire'
import { type CallOptions, ProviderError, type ProviderOutput } from '../src/providers/provider.ts'
import { createMisbehavedError, type HttpRequest, readText } from './fake-http.ts'

/** Room for ten large images in base64. */
const MAX_RESPONSE_CHARACTERS = 256_000_000

/**
 * Reads outputs from the lines of a response, as they arrive.
 *
 * @param indices the requested indices; outputs with others, and repeated ones, are ignored
 * @throws ProviderError `no_outputs` when there is no output
 * @throws ProviderError of class `unknown` when the response is invalid or cut off: its outputs may have been made, and billed
 */
export async function* readOutputs(
  response: Response,
  request: HttpRequest,
  indices: readonly number[],
  onProgress: CallOptions['onProgress'],
): AsyncGenerator<ProviderOutput, void> {
  const wanted = new Set(indices)
  for await (const line of readLines(response, request)) {
    const read = parseLine(line, request)
    if ('done' in read) return assertSomeOutputs(wanted, indices)
    if (!wanted.delete(read.index)) continue
    onProgress?.(1 - wanted.size / indices.length)
    yield { kind: 'bytes', index: read.index, mimeType: read.mimeType, bytes: decodeBase64(read.base64, request) }
  }
  throw createMisbehavedError(request)
}

async function* readLines(response: Response, request: HttpRequest): AsyncGenerator<string, void> {
  let rest: string[] = []
  for await (const text of readText(response, request, MAX_RESPONSE_CHARACTERS)) {
    const [first = '', ...lines] = text.split('\n')
    rest.push(first)
    for (const line of lines) {
      yield rest.join('')
      rest = [line]
    }
  }
}

function parseLine(line: string, request: HttpRequest): BytesLine {
  try {
    return BytesLine.parse(JSON.parse(line))
  } catch (error) {
    throw createMisbehavedError(request, error)
  }
}

function decodeBase64(base64: string, request: HttpRequest): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64)
  } catch (error) {
    throw createMisbehavedError(request, error)
  }
}

function assertSomeOutputs(wanted: ReadonlySet<number>, indices: readonly number[]): void {
  if (wanted.size < indices.length) return
  throw new ProviderError('no_outputs')
}
