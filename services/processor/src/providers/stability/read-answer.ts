import type { FailureClass } from '@darkroom/contracts/failures'
import {
  type AnswerOptions,
  ProviderError,
  type ProviderOutput,
  type Receipt,
  type SavedAnswer,
  type SubmitResult,
} from '../adapter.ts'
import { getTrace } from '../http/answer-headers.ts'
import { readBase64Json } from '../http/base64-json.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { detectImageType } from '../openai/image-type.ts'
import { formatHandle } from './result-handle.ts'
import { ImageAnswer, JobAnswer } from './wire.ts'

/** Most bytes of the image of one answer: one of 16 megapixels as a PNG. While it is read it takes at most twice as much memory. */
const MAX_IMAGE_BYTES = 96_000_000
/** The longest answer: an image in base64, and what is around it. */
export const MAX_ANSWER_BYTES = 130_000_000

/** The content of an answer that may have an image in it. */
export interface ImageBody {
  body: unknown
  files: readonly Uint8Array[]
}

/** Reads JSON that may have an image in it. @throws ProviderError when it is cut off or none */
export async function readImageBody(chunks: AsyncIterable<Uint8Array>, failure: FailureClass): Promise<ImageBody> {
  return await readBase64Json(chunks, { fields: ['image'], maxFileBytes: MAX_IMAGE_BYTES, failure })
}

/**
 * Reads the answer to a submission: an image, or the id of a job. Which of them it is shows in its content.
 *
 * @throws ProviderError of class `unknown` where it is cut off or makes no sense: it may have been made, and billed
 */
export async function readAnswer(answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult> {
  const trace = getTrace(await answer.headers())
  const read = await readImageBody(answer.body(options.signal), 'unknown')
  const index = options.indices[0] ?? 0
  const image = ImageAnswer.safeParse(read.body).data
  if (image) {
    options.onReceipt?.({ ...(trace !== undefined && { trace }), ...toReceipt(image) })
    return { kind: 'outputs', outputs: yieldOnce(toOutput(image, read.files, index, 'unknown')) }
  }
  const job = JobAnswer.safeParse(read.body).data
  if (!job) throw createMisbehavedError('unknown')
  options.onReceipt?.({ trace: trace ?? job.id })
  return { kind: 'accepted', handle: formatHandle(job.id, index) }
}

/** Returns what an answer reports: the seed, but no cost. */
export function toReceipt({ seed }: ImageAnswer): Receipt {
  return seed === undefined ? {} : { seed }
}

/**
 * Returns the output of an answer. One that was filtered has an image as well, which is blurred: it is refused. Whether it is billed is [U].
 *
 * @throws ProviderError `no_outputs`; `provider_misbehaved` when the bytes are no image
 */
export function toOutput(
  { image, finish_reason: reason }: ImageAnswer,
  files: readonly Uint8Array[],
  index: number,
  failure: FailureClass,
): ProviderOutput {
  if (reason === 'CONTENT_FILTERED') return { index, kind: 'refused', error: new ProviderError('output_refused') }
  const bytes = image === undefined ? undefined : files[image]
  if (bytes === undefined || bytes.byteLength === 0) throw new ProviderError('no_outputs')
  const mimeType = detectImageType(bytes)
  if (mimeType === undefined) throw createMisbehavedError(failure)
  return { index, kind: 'bytes', bytes, mimeType }
}

async function* yieldOnce(output: ProviderOutput): AsyncGenerator<ProviderOutput, void> {
  yield output
}
