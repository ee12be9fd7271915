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
import { parseJson } from '../http/parse-json.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { detectImageType } from '../openai/image-type.ts'
import { Answer, Info } from './wire.ts'

const MAX_FILE_BYTES = 128_000_000
const MAX_MODEL_CHARACTERS = 200

/** Reads the answer to a submission, which has the images in it. @throws ProviderError */
export async function readAnswer(answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult> {
  const trace = getTrace(await answer.headers())
  const { body, files } = await readBase64Json(answer.body(options.signal), {
    fields: ['image', 'images'],
    maxFileBytes: MAX_FILE_BYTES,
    failure: 'unknown',
  })
  const { data } = Answer.safeParse(body)
  if (!data) throw createMisbehavedError('unknown')
  const info = Info.safeParse(parseJson(data.info)).data
  options.onReceipt?.({ ...createReceipt(info, options.model), ...(trace !== undefined && { trace }) })
  const images = pickImages(data, info?.index_of_first_image, options.indices.length)
  const outputs = options.indices.flatMap((index, position) => {
    const bytes = files[images[position] ?? -1]
    return bytes ? [toOutput(index, bytes)] : []
  })
  if (outputs.length === 0) throw new ProviderError('no_outputs')
  return { kind: 'outputs', outputs: yieldAll(outputs) }
}

/**
 * Returns the numbers of the files that are images of the request. A sheet of all of them may come before the first, and images of
 * extensions behind the last.
 */
function pickImages(
  { images, image }: Answer,
  firstIndex: number | undefined,
  requested: number,
): (number | null | undefined)[] {
  if (image !== undefined && image !== null) return [image]
  const listed = images ?? []
  const hasSheet = requested > 1 && listed.length > requested
  return listed.slice(firstIndex ?? (hasSheet ? 1 : 0))
}

function createReceipt(info: Info | undefined, model: string): Receipt {
  const name = info?.sd_model_name
  // A server that lacks the checkpoint takes the one that it has loaded, and says so here alone.
  const isOther = name !== undefined && name !== '' && toStem(name) !== toStem(model)
  return {
    ...(info?.seed !== undefined && { seed: info.seed }),
    ...(isOther && { model: name.slice(0, MAX_MODEL_CHARACTERS) }),
  }
}

/** Returns the name of a file without its folder, ending and hash. A checkpoint is named with or without them. */
function toStem(name: string): string {
  const file = name.split(/[/\\]/).at(-1) ?? name
  return file.replace(/ \[[0-9a-f]+\]$/i, '').replace(/\.(safetensors|ckpt|pt|gguf)$/i, '')
}

function toOutput(index: number, bytes: Uint8Array): ProviderOutput {
  const mimeType = detectImageType(bytes)
  if (mimeType === undefined) throw createMisbehavedError('unknown')
  return { index, kind: 'bytes', bytes, mimeType }
}

async function* yieldAll(outputs: readonly ProviderOutput[]): AsyncGenerator<ProviderOutput, void> {
  yield* outputs
}
