import type { FailureClass } from '@darkroom/contracts/failures'
import type { ProviderOutput } from '../adapter.ts'
import { type Base64Json, readBase64Json } from '../http/base64-json.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { detectImageType } from '../openai/image-type.ts'

/** Most bytes of the images of one answer: the output, drafts among the thoughts, and input images where they are repeated. */
const MAX_FILE_BYTES = 100_000_000
/** Signatures of thoughts are long texts that are not read. [D, third party: up to some MB] */
const MAX_REST_BYTES = 30_000_000
/** Most bytes of an answer. */
export const MAX_ANSWER_BYTES = 170_000_000

/** Reads an answer with images in it, as it arrives. @throws ProviderError when it is cut off, too long, or no JSON */
export async function readImageJson(chunks: AsyncIterable<Uint8Array>, failure: FailureClass): Promise<Base64Json> {
  return await readBase64Json(chunks, {
    fields: ['data'],
    maxFileBytes: MAX_FILE_BYTES,
    maxRestBytes: MAX_REST_BYTES,
    failure,
  })
}

/** Returns the output of an image. @throws ProviderError when the bytes are no image */
export function toImageOutput(index: number, bytes: Uint8Array | undefined, failure: FailureClass): ProviderOutput {
  const mimeType = bytes && detectImageType(bytes)
  if (bytes === undefined || mimeType === undefined) throw createMisbehavedError(failure)
  return { index, kind: 'bytes', bytes, mimeType }
}
