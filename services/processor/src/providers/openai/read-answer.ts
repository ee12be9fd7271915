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
import { computeCost, flattenUsage } from './cost.ts'
import { detectImageType } from './image-type.ts'
import { toProviderModel } from './model-specs.ts'
import { isStreamed, readStreamedAnswer } from './read-stream.ts'
import { formatHandle } from './response-handle.ts'
import { BackgroundResponse, ImagesAnswer } from './wire.ts'

/** Most bytes of the images of one answer. While it is read it takes at most twice as much memory. */
export const MAX_IMAGE_BYTES = 64_000_000
/** Fields with base64: of the images API, and of the Responses API. */
export const BASE64_FIELDS = ['b64_json', 'result'] as const

/**
 * Reads the answer to a submission: that of the images API has the image in it, that of the Responses API the id of a response that
 * runs in the background. Which of them it is shows in its content.
 *
 * @throws ProviderError of class `unknown` where it is cut off or makes no sense: it may have been made, and billed
 */
export async function readAnswer(answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult> {
  const headers = await answer.headers()
  if (isStreamed(headers)) {
    const { data, files } = await readStreamedAnswer(answer, options)
    return createResult(data, files, options, getTrace(headers))
  }
  const { body, files } = await readBase64Json(answer.body(options.signal), {
    fields: BASE64_FIELDS,
    maxFileBytes: MAX_IMAGE_BYTES,
    failure: 'unknown',
  })
  const trace = getTrace(headers)
  const response = BackgroundResponse.safeParse(body).data
  if (response) {
    if (trace !== undefined) options.onReceipt?.({ trace })
    return { kind: 'accepted', handle: formatHandle(response.id, options.indices[0] ?? 0) }
  }
  const { data } = ImagesAnswer.safeParse(body)
  if (!data) throw createMisbehavedError('unknown')
  return createResult(data, files, options, trace)
}

/** @throws ProviderError `no_outputs` */
function createResult(
  data: ImagesAnswer,
  files: readonly Uint8Array[],
  options: AnswerOptions,
  trace: string | undefined,
): SubmitResult {
  options.onReceipt?.(createReceipt(toProviderModel(options.model), data, trace))
  const image = data.data.find(({ b64_json }) => b64_json !== undefined)
  if (image === undefined) throw new ProviderError('no_outputs')
  return { kind: 'outputs', outputs: yieldOutput(options.indices, files[image.b64_json ?? 0]) }
}

function createReceipt(model: string, { data, usage }: ImagesAnswer, trace: string | undefined): Receipt {
  const revisedPrompt = data.find(({ revised_prompt }) => revised_prompt !== undefined)?.revised_prompt
  const cost = usage && computeCost(model, usage)
  return {
    ...(usage && { usage: flattenUsage(usage) }),
    ...(cost && { cost }),
    ...(trace !== undefined && { trace }),
    ...(revisedPrompt !== undefined && { revisedPrompt }),
  }
}

/** Yields the output that was requested: it is one a call, and whatever there is beside it is left alone. */
async function* yieldOutput(
  [index]: readonly number[],
  bytes: Uint8Array | undefined,
): AsyncGenerator<ProviderOutput, void> {
  if (index === undefined || bytes === undefined) throw createMisbehavedError('unknown')
  yield toOutput(index, bytes, 'unknown')
}

/** Returns the output of an image. @throws ProviderError when the bytes are no image */
export function toOutput(index: number, bytes: Uint8Array, failure: 'unknown' | 'retryable'): ProviderOutput {
  const mimeType = detectImageType(bytes)
  if (mimeType === undefined) throw createMisbehavedError(failure)
  return { index, kind: 'bytes', bytes, mimeType }
}
