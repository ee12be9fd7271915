import sharp from 'sharp'

/** A field that is refused: an entry of HTTPValidationError [D]. */
export interface FieldError {
  loc: ['body', string]
  msg: string
  type: string
}

/** A submission that the fake has taken. */
export interface TakenSubmission {
  model: string
  prompt: string
  width: number
  height: number
  seed: number
  format: 'jpeg' | 'png'
  /** Megapixels of the images that it has. */
  inputMegapixels: number[]
}

type Fields = Readonly<Record<string, unknown>>
type Check = (value: unknown) => string | undefined

/**
 * Reads a submission, and refuses what the endpoint of its model does not document.
 *
 * @see https://docs.bfl.ai/api-reference: Flux2FlexInputs, FluxKontextProInputs, FluxProFillInputs [D]; the others [D, third party]. That
 *   fields which are not documented are refused is [U]: it makes the fake stricter
 */
export async function readSubmission(model: string, fields: Fields): Promise<TakenSubmission | FieldError> {
  const checks = CHECKS[model] ?? {}
  for (const [name, value] of Object.entries(fields)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    const problem = check ? check(value) : 'Extra inputs are not permitted'
    if (problem !== undefined) return createFieldError(name, problem)
  }
  const missing = (REQUIRED[model] ?? ['prompt']).find(name => fields[name] === undefined)
  if (missing !== undefined) return createFieldError(missing, 'Field required')
  return await readImages(model, fields)
}

async function readImages(model: string, fields: Fields): Promise<TakenSubmission | FieldError> {
  const sizes: { width: number; height: number }[] = []
  for (const name of ['image', ...INPUT_IMAGES, 'mask']) {
    const value = fields[name]
    if (typeof value !== 'string') continue
    const size = await readImage(value)
    if (!size) return createFieldError(name, 'Input should be a valid image')
    if (name === 'mask' && (size.width !== sizes[0]?.width || size.height !== sizes[0]?.height))
      return createFieldError(name, 'Mask dimensions must match image dimensions')
    if (name !== 'mask') sizes.push(size)
  }
  return {
    model,
    prompt: String(fields.prompt ?? ''),
    ...computeSize(fields, sizes[0]),
    seed: typeof fields.seed === 'number' ? fields.seed : 42,
    format: fields.output_format === 'png' ? 'png' : 'jpeg',
    inputMegapixels: sizes.map(({ width, height }) => (width * height) / PIXELS_PER_MEGAPIXEL),
  }
}

export const PIXELS_PER_MEGAPIXEL = 1_024 * 1_024
const INPUT_IMAGES = Array.from({ length: 8 }, (_, at) => (at === 0 ? 'input_image' : `input_image_${at + 1}`))

async function readImage(base64: string): Promise<{ width: number; height: number } | undefined> {
  const metadata = await sharp(Buffer.from(base64, 'base64'))
    .metadata()
    .catch(() => undefined)
  return metadata && { width: metadata.width, height: metadata.height }
}

/** Returns the size of the output: the chosen one, that of the ratio at a megapixel, or that of the first image. */
function computeSize(fields: Fields, image: { width: number; height: number } | undefined) {
  if (typeof fields.width === 'number' && typeof fields.height === 'number')
    return { width: fields.width, height: fields.height }
  const [across, down] = String(fields.aspect_ratio ?? '')
    .split(':')
    .map(Number)
  if (across && down) {
    const height = Math.sqrt((PIXELS_PER_MEGAPIXEL * down) / across)
    return { width: Math.round((height * across) / down / 8) * 8, height: Math.round(height / 8) * 8 }
  }
  return image ?? { width: 1_024, height: 1_024 }
}

function createFieldError(name: string, msg: string): FieldError {
  return { loc: ['body', name], msg, type: 'value_error' }
}

const isText: Check = value => (typeof value === 'string' ? undefined : 'Input should be a valid string')
const isFlag: Check = value => (typeof value === 'boolean' ? undefined : 'Input should be a valid boolean')
const isFormat: Check = value => (value === 'jpeg' || value === 'png' ? undefined : "Input should be 'jpeg' or 'png'")
const isRatio: Check = value =>
  typeof value === 'string' && /^\d{1,2}:\d{1,2}$/.test(value) ? undefined : 'Input should be a ratio'

function inRange(minimum: number, maximum: number, step = 0): Check {
  return value => {
    if (typeof value !== 'number') return 'Input should be a valid number'
    if (value < minimum) return `Input should be greater than or equal to ${minimum}`
    if (value > maximum) return `Input should be less than or equal to ${maximum}`
    return step > 0 && value % step !== 0 ? `Input should be a multiple of ${step}` : undefined
  }
}

const COMMON = { prompt: isText, seed: inRange(0, 2 ** 32 - 1, 1), output_format: isFormat }
const FLUX_2 = {
  ...COMMON,
  width: inRange(64, 4_096, 16),
  height: inRange(64, 4_096, 16),
  safety_tolerance: inRange(0, 5, 1),
  ...Object.fromEntries(INPUT_IMAGES.map(name => [name, isText])),
}
const {
  input_image_5: _5,
  input_image_6: _6,
  input_image_7: _7,
  input_image_8: _8,
  ...KLEIN
} = FLUX_2 as Record<string, Check>
const FLUX_1 = { ...COMMON, safety_tolerance: inRange(0, 6, 1), prompt_upsampling: isFlag }
const KONTEXT = {
  ...FLUX_1,
  aspect_ratio: isRatio,
  ...Object.fromEntries(INPUT_IMAGES.slice(0, 4).map(name => [name, isText])),
}

const CHECKS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  'flux-2-pro': FLUX_2,
  'flux-2-max': FLUX_2,
  'flux-2-flex': { ...FLUX_2, prompt_upsampling: isFlag, steps: inRange(1, 50, 1), guidance: inRange(1.5, 10) },
  'flux-2-klein-9b': KLEIN,
  'flux-2-klein-4b': KLEIN,
  'flux-kontext-pro': KONTEXT,
  'flux-kontext-max': KONTEXT,
  'flux-pro-1.1': { ...FLUX_1, width: inRange(256, 1_440, 32), height: inRange(256, 1_440, 32) },
  'flux-pro-1.1-ultra': { ...FLUX_1, aspect_ratio: isRatio, raw: isFlag },
  'flux-pro-1.0-fill': {
    ...FLUX_1,
    image: isText,
    mask: isText,
    steps: inRange(15, 50, 1),
    guidance: inRange(1.5, 100),
  },
}

const REQUIRED: Readonly<Record<string, readonly string[]>> = { 'flux-pro-1.0-fill': ['image'] }

/** Returns whether there is an endpoint of this name. */
export function isModel(name: string): boolean {
  return Object.hasOwn(CHECKS, name)
}
