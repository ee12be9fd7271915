import type { z } from 'zod'
import { type AnswerOptions, ProviderError, type SavedAnswer } from '../adapter.ts'
import { readBase64Events } from '../http/base64-json.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { classifyOpenAi } from './classify.ts'
import { CompletedImage, type ImagesAnswer, PartialImage, StreamError } from './wire.ts'

/** Most bytes of the image of one event, and the field that it is in. */
const OPTIONS = { fields: ['b64_json'], maxFileBytes: 64_000_000 } as const

/** Returns whether an answer is a stream: one with previews was asked for, and given. */
export function isStreamed(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-type']?.startsWith('text/event-stream') ?? false
}

/**
 * Reads a streamed answer as it arrives, and hands on the images on the way.
 *
 * @returns what an answer that is not streamed has
 * @throws ProviderError of class `unknown` where it ends without the image: it may have been made, and billed
 */
export async function readStreamedAnswer(
  answer: SavedAnswer,
  { signal, indices, onPreview }: Pick<AnswerOptions, 'signal' | 'indices' | 'onPreview'>,
): Promise<{ data: ImagesAnswer; files: Uint8Array[] }> {
  for await (const { body, files } of readBase64Events(answer.body(signal), OPTIONS)) {
    const error = StreamError.safeParse(body).data
    if (error) throw toStreamError(error.error ?? error)
    const completed = CompletedImage.safeParse(body).data
    if (completed) return { data: toImagesAnswer(completed), files }
    const partial = PartialImage.safeParse(body).data
    const [index, bytes] = [indices[0], partial && files[partial.b64_json]]
    if (index !== undefined && bytes !== undefined) onPreview?.(index, bytes)
  }
  throw createMisbehavedError('unknown')
}

function toImagesAnswer({ b64_json, revised_prompt, usage }: z.infer<typeof CompletedImage>): ImagesAnswer {
  return { data: b64_json === undefined ? [] : [{ b64_json, revised_prompt }], usage }
}

/** Returns the error of an event: that of a refusal with the same content. */
function toStreamError(error: object): ProviderError {
  const classified = classifyOpenAi({ status: 400, headers: new Headers(), body: { error } })
  // One that says nothing more may have come after the work.
  if (!classified || classified.code === 'provider_refused') return createMisbehavedError('unknown')
  return new ProviderError(classified.code, classified)
}
