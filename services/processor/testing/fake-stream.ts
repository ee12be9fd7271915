import { BytesLine } from '@darkroom/infra/testing/fake-provider/wire'
import { type CallOptions, ProviderError, type ProviderOutput } from '../src/providers/provider.ts'
import { misbehaved, type Question, textOf } from './fake-http.ts'

/** Ten large pictures in base64. */
const ANSWER_CHARACTERS = 256_000_000

/**
 * Reads outputs from the lines of an answer, as they come.
 *
 * @param indices that were asked for; others, and repeated ones, are passed over
 * @throws ProviderError, `unknown` if the answer makes no sense or breaks off: what it was to carry is made, and billed
 */
export async function* readOutputs(
  response: Response,
  question: Question,
  indices: readonly number[],
  onProgress: CallOptions['onProgress'],
): AsyncGenerator<ProviderOutput, void> {
  const wanted = new Set(indices)
  for await (const line of linesOf(response, question)) {
    const read = parse(line, question)
    if ('done' in read) return nothingMissed(wanted, indices)
    if (!wanted.delete(read.index)) continue
    onProgress?.(1 - wanted.size / indices.length)
    yield { kind: 'bytes', index: read.index, mimeType: read.mimeType, bytes: bytesOf(read.base64, question) }
  }
  throw misbehaved(question)
}

async function* linesOf(response: Response, question: Question): AsyncGenerator<string, void> {
  let rest: string[] = []
  for await (const text of textOf(response, question, ANSWER_CHARACTERS)) {
    const [first = '', ...lines] = text.split('\n')
    rest.push(first)
    for (const line of lines) {
      yield rest.join('')
      rest = [line]
    }
  }
}

function parse(line: string, question: Question): BytesLine {
  try {
    return BytesLine.parse(JSON.parse(line))
  } catch (error) {
    throw misbehaved(question, error)
  }
}

function bytesOf(base64: string, question: Question): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64)
  } catch (error) {
    throw misbehaved(question, error)
  }
}

function nothingMissed(wanted: ReadonlySet<number>, indices: readonly number[]): void {
  if (wanted.size < indices.length) return
  throw new ProviderError('no_outputs')
}
