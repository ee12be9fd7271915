import sharp from 'sharp'
import { type Answer, createError } from './faults.ts'

/** A submission that was understood, by either API. */
export interface ImageCall {
  model: string
  prompt: string
  width: number
  height: number
  quality: string
  format: 'png' | 'jpeg' | 'webp'
  /** Number of input images. */
  images: number
  isBackground: boolean
  /** Images on the way of a streamed answer; null if it is not streamed. */
  partialImages: number | null
}

/** Fields of a submission. @see CreateImageRequest, CreateImageEditRequest in openai/openai-openapi@f85dbe2 */
const GENERATE_FIELDS = ['model', 'prompt', 'n', 'size', 'quality', 'background', 'output_format', 'output_compression']
const MORE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  generate: ['moderation', 'complexity', 'stream', 'partial_images', 'user'],
  edit: ['input_fidelity', 'complexity', 'stream', 'partial_images', 'user', 'image[]', 'mask'],
  tool: ['type', 'action', 'moderation', 'complexity', 'input_fidelity', 'input_image_mask', 'partial_images'],
}
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  background: ['transparent', 'opaque', 'auto'],
  output_format: ['png', 'jpeg', 'webp'],
  moderation: ['low', 'auto'],
  input_fidelity: ['low', 'high'],
  complexity: ['low', 'medium', 'high'],
}
const CLASSIC_SIZES = ['1024x1024', '1536x1024', '1024x1536']

/** Fields of a submission, as text: a form has nothing else. */
export type Fields = Readonly<Record<string, string>>

/**
 * Checks the fields of a submission as OpenAI does.
 *
 * @returns the call, or the error that it is answered with
 */
export function parseCall(
  fields: Fields,
  options: { kind: 'generate' | 'edit' | 'tool'; models: readonly string[]; images: number },
): ImageCall | Answer {
  const known = [...GENERATE_FIELDS, ...(MORE_FIELDS[options.kind] ?? [])]
  const unknown = Object.keys(fields).find(name => !known.includes(name))
  if (unknown !== undefined)
    return createError(400, { code: 'unknown_parameter', param: unknown, message: `Unknown parameter: '${unknown}'.` })
  const { model = '', prompt = '', size = 'auto', quality = 'auto', output_format: format = 'png' } = fields
  if (!options.models.includes(model))
    return createError(404, {
      code: 'model_not_found',
      param: 'model',
      message: `The model '${model}' does not exist.`,
    })
  if (prompt === '' || prompt.length > 32_000) return refuseValue('prompt', `${prompt.length} characters`)
  const invalid = findInvalid(fields, model)
  if (invalid !== undefined) return refuseValue(invalid, fields[invalid] ?? '')
  const [width = 1_024, height = 1_024] = size === 'auto' ? [] : size.split('x').map(Number)
  const call = { model, prompt, width, height, quality, format: toFormat(format), images: options.images }
  const partialImages = fields.stream === 'true' ? Number(fields.partial_images ?? 0) : null
  return { ...call, isBackground: options.kind === 'tool', partialImages }
}

export function isAnswer(value: ImageCall | Answer): value is Answer {
  return 'status' in value
}

function findInvalid(fields: Fields, model: string): string | undefined {
  const chosen = Object.keys(CHOICES).find(name => fields[name] !== undefined && !CHOICES[name]?.includes(fields[name]))
  if (chosen !== undefined) return chosen
  if (fields.size !== undefined && !isValidSize(fields.size, model)) return 'size'
  const more = /^gpt-image-2\.[56]/.test(model) ? ['xhigh', 'max'] : []
  if (fields.quality !== undefined && !['low', 'medium', 'high', 'auto', ...more].includes(fields.quality))
    return 'quality'
  if (fields.output_compression !== undefined && (fields.output_format ?? 'png') === 'png') return 'output_compression'
  if (fields.complexity !== undefined && !/^gpt-image-2\.6/.test(model)) return 'complexity'
  if (fields.input_fidelity !== undefined && /^gpt-image-2|-mini/.test(model)) return 'input_fidelity'
  if (fields.partial_images !== undefined && !/^[0-3]$/.test(fields.partial_images)) return 'partial_images'
  return fields.n === undefined || /^(?:[1-9]|10)$/.test(fields.n) ? undefined : 'n'
}

function isValidSize(size: string, model: string): boolean {
  if (size === 'auto' || CLASSIC_SIZES.includes(size)) return true
  const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(size)?.map(Number) ?? []
  if (width === undefined || height === undefined || !/^gpt-image-2/.test(model)) return false
  const area = width * height
  const ratio = Math.max(width / height, height / width)
  const isOnGrid = width % 16 === 0 && height % 16 === 0
  return isOnGrid && Math.max(width, height) <= 3_840 && area >= 655_360 && area <= 8_294_400 && ratio <= 3
}

function toFormat(text: string): ImageCall['format'] {
  return text === 'jpeg' || text === 'webp' ? text : 'png'
}

function refuseValue(param: string, value: string): Answer {
  return createError(400, { code: 'invalid_value', param, message: `Invalid value: '${value.slice(0, 50)}'.` })
}

const SHADES = 24
const rendered = new Map<string, Promise<string>>()

/** Renders the image of a call in one colour. @returns base64 */
export async function renderCall({ width, height, format }: ImageCall, serial: number): Promise<string> {
  const shade = serial % SHADES
  const key = `${width}x${height}/${format}/${shade}`
  const found = rendered.get(key) ?? render({ width, height }, format, shade)
  rendered.set(key, found)
  return await found
}

async function render(size: { width: number; height: number }, format: ImageCall['format'], shade: number) {
  const background = { r: 40 + shade * 8, g: 200 - shade * 6, b: 90 }
  const image = sharp({ create: { ...size, channels: 3, background } })
  return (await image.toFormat(format).toBuffer()).toString('base64')
}
