import sharp from 'sharp'

/** A submission that the fake has taken. */
export interface TakenSubmission {
  /** Path below `/v2/image`. */
  endpoint: string
  prompt: string
  quality: string
  width: number
  height: number
  seed: number
  isAsync: boolean
}

/** The content of a form or a JSON body: texts as texts, and the files of each field. */
interface Received {
  fields: Map<string, string>
  files: Map<string, Buffer[]>
}

interface Endpoint {
  fields: Readonly<Record<string, RegExp>>
  /** Most files by field. */
  files: Readonly<Record<string, number>>
  required: readonly string[]
}

const ANY = /^[\s\S]{1,10000}$/
const SEED = /^\d{1,10}$/
const FLAG = /^(?:true|false)$/
const SIZE = /^(?:auto|source|\d{3,4}x\d{3,4})$/

/**
 * The endpoints of API v2 and their fields.
 *
 * @see https://developer.ideogram.ai/api-reference/images/… [D]; `upscale_factor` is spelled as a client of others does, which was tried
 *   against the service [D, third party]. That fields which are not documented are refused is [U]: it makes the fake stricter
 */
const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'generate/ideogram-4-5': {
    fields: {
      prompt: ANY,
      magic_prompt: /^(?:auto|on|off)$/,
      size: SIZE,
      quality: /^(?:very_low|low|medium|high)$/,
      seed: SEED,
      async: FLAG,
    },
    files: { images: 5, mask: 1 },
    required: ['prompt'],
  },
  'precise-edit/ideogram-4-5': {
    fields: { prompt: ANY, quality: /^(?:very_low|low|medium|high)$/, seed: SEED, async: FLAG },
    files: { image: 1, reference_images: 4, mask: 1 },
    required: ['prompt', 'image'],
  },
  'replace-background/ideogram-3': { fields: { prompt: ANY }, files: { image: 1 }, required: ['prompt', 'image'] },
  'remove-background/ideogram-1': { fields: { async: FLAG }, files: { image: 1 }, required: ['image'] },
  'upscale/topaz-standard-2': {
    fields: { upscale_factor: /^x[248]$/, async: FLAG },
    files: { image: 1 },
    required: ['image', 'upscale_factor'],
  },
}

export function isEndpoint(name: string): boolean {
  return Object.hasOwn(ENDPOINTS, name)
}

/** Reads a submission as it is documented. @returns the words of a refusal where it is not */
export async function readSubmission(name: string, body: Buffer, type: string): Promise<TakenSubmission | string> {
  const endpoint = ENDPOINTS[name]
  const received = await receive(body, type).catch(() => undefined)
  if (!endpoint || !received) return 'The body is no form, and no JSON.'
  const { fields, files } = received
  const problem = findProblem(endpoint, received)
  if (problem !== undefined) return problem
  const images = [...(files.get('images') ?? []), ...(files.get('image') ?? [])]
  const sizes = await Promise.all([...images, ...(files.get('mask') ?? [])].map(readSize))
  const masked = files.has('mask') ? findMaskProblem(sizes, images.length, files) : undefined
  const quality = fields.get('quality') ?? (images.length > 0 ? 'medium' : 'high')
  if (quality === 'very_low' && images.length === 0) return 'quality very_low requires source images'
  const size = name.startsWith('generate/')
    ? computeSize(fields.get('size') ?? 'auto', sizes, files.has('mask'))
    : sizes[0]
  if (masked !== undefined) return masked
  if (typeof size === 'string' || !size) return size ?? 'image is required'
  const factor = Number(fields.get('upscale_factor')?.slice(1) ?? 1)
  return {
    endpoint: name,
    prompt: fields.get('prompt') ?? '',
    quality,
    width: size.width * factor,
    height: size.height * factor,
    seed: Number(fields.get('seed') ?? 12_345),
    isAsync: fields.get('async') === 'true' || name.startsWith('replace-background/'),
  }
}

async function receive(body: Buffer, type: string): Promise<Received> {
  const fields = new Map<string, string>()
  const files = new Map<string, Buffer[]>()
  if (!type.startsWith('multipart/form-data')) {
    const json = Object.entries(JSON.parse(body.toString()) as Record<string, unknown>)
    for (const [name, value] of json) fields.set(name, String(value))
    return { fields, files }
  }
  const form = await new Response(Uint8Array.from(body), { headers: { 'content-type': type } }).formData()
  for (const [name, value] of form) {
    if (typeof value === 'string') fields.set(name, value)
    else files.set(name, [...(files.get(name) ?? []), Buffer.from(await value.arrayBuffer())])
  }
  return { fields, files }
}

function findProblem(endpoint: Endpoint, { fields, files }: Received): string | undefined {
  for (const [name, value] of fields) {
    const pattern = Object.hasOwn(endpoint.fields, name) ? endpoint.fields[name] : undefined
    if (!pattern?.test(value)) return `${name} is not valid`
  }
  for (const [name, { length }] of files) {
    if (length > (endpoint.files[name] ?? 0)) return `too many files in ${name}: an image too many`
  }
  return endpoint.required
    .filter(name => !fields.has(name) && !files.has(name))
    .map(name => `${name} is required`)
    .at(0)
}

interface PixelSize {
  width: number
  height: number
}

async function readSize(image: Buffer): Promise<PixelSize> {
  const { width, height } = await sharp(image).metadata()
  return { width, height }
}

/** Returns why a mask is refused: it has the size of the first image, and takes the slot of one of the others [D]. */
function findMaskProblem(sizes: readonly PixelSize[], images: number, files: Received['files']): string | undefined {
  const [first, mask] = [sizes[0], sizes[images]]
  if (first?.width !== mask?.width || first?.height !== mask?.height)
    return 'mask must have the size of the first image'
  const others = (files.get('images')?.length ?? 1) - 1 + (files.get('reference_images')?.length ?? 0)
  return others > 3 ? 'A masked request can include at most three other source images' : undefined
}

/** Returns the size of an output of generate, or why it is refused [D]. */
function computeSize(size: string, images: readonly PixelSize[], hasMask: boolean): PixelSize | string {
  const [first] = images
  if (hasMask) return size === 'auto' && first ? first : 'size cannot be set with a mask'
  if (size === 'source') return first ?? 'size source requires source images'
  if (size === 'auto') return { width: 2_048, height: 2_048 }
  const [width = 0, height = 0] = size.split('x').map(Number)
  if (first) return width % 32 === 0 && height % 32 === 0 ? { width, height } : 'size must be a multiple of 32'
  return TEXT_SIZES.has(size) || TEXT_SIZES.has(`${height}x${width}`) ? { width, height } : 'size is not a preset'
}

/** Sizes without an image, the wide ones [D, third party]. */
const TEXT_SIZES = new Set(
  (
    '1024x1024 1120x896 1152x864 1248x832 1280x800 1280x720 1440x720 2048x2048 2240x1792 2304x1728 2496x1664 2560x1600 2560x1440 ' +
    '2880x1440 3072x1280 3328x1248 2944x1152 3168x1296 3072x1024'
  ).split(' '),
)
