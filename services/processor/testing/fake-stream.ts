import { BytesLine, WatchLine } from '@darkroom/infra/testing/fake-provider/wire'
import { type AnswerOptions, ProviderError, type ProviderOutput, type WatchOptions } from '../src/providers/adapter.ts'
import { createMisbehavedError } from '../src/providers/http/transport-error.ts'

/**
 * Reads outputs from the lines of a response, as they arrive.
 *
 * @param options `indices` are the requested ones; outputs with others, and repeated ones, are ignored
 * @throws ProviderError `no_outputs` when there is no output
 * @throws ProviderError of class `unknown` when the response is invalid or cut off: its outputs may have been made, and billed
 */
export async function* readOutputs(
  text: AsyncIterable<string>,
  { indices, onProgress, onReceipt }: Pick<AnswerOptions, 'indices' | 'onProgress' | 'onReceipt'>,
): AsyncGenerator<ProviderOutput, void> {
  const wanted = new Set(indices)
  for await (const line of readLines(text)) {
    const read = parseLine(line)
    if ('done' in read) {
      if (read.cost) onReceipt?.({ cost: read.cost })
      return assertSomeOutputs(wanted, indices)
    }
    if (!wanted.delete(read.index)) continue
    onProgress?.(1 - wanted.size / indices.length)
    yield { kind: 'bytes', index: read.index, mimeType: read.mimeType, bytes: decodeBase64(read.base64) }
  }
  throw createMisbehavedError('unknown')
}

/** Reads what a prediction tells while it runs. A line that is none of that is ignored. */
export async function readWatchLines(
  text: AsyncIterable<string>,
  { onProgress, onPreview }: Pick<WatchOptions, 'onProgress' | 'onPreview'>,
): Promise<void> {
  for await (const line of readLines(text)) {
    const { data } = WatchLine.safeParse(JSON.parse(line))
    if (data && 'progress' in data) onProgress(data.progress)
    if (data && 'preview' in data) onPreview(data.preview.index, decodeBase64(data.preview.base64))
  }
}

async function* readLines(text: AsyncIterable<string>): AsyncGenerator<string, void> {
  let rest: string[] = []
  for await (const piece of text) {
    const [first = '', ...lines] = piece.split('\n')
    rest.push(first)
    for (const line of lines) {
      yield rest.join('')
      rest = [line]
    }
  }
}

function parseLine(line: string): BytesLine {
  try {
    return BytesLine.parse(JSON.parse(line))
  } catch {
    throw createMisbehavedError('unknown')
  }
}

function decodeBase64(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64)
  } catch {
    throw createMisbehavedError('unknown')
  }
}

function assertSomeOutputs(wanted: ReadonlySet<number>, indices: readonly number[]): void {
  if (wanted.size < indices.length) return
  throw new ProviderError('no_outputs')
}
