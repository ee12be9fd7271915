/**
 * Models of the fake, with the schemas that Replicate gives them in `GET /models/{owner}/{name}`: those of Cog, in which a choice is a schema
 * of its own. Inputs and limits of flux-2-pro, flux-1.1-pro-ultra, nano-banana-pro [D replicate.com/…/versions/…/api], kling-v2.5-turbo-pro and
 * wan-2.5-i2v [D, third party, api.core.today]; of the others [U]. That a choice is behind `allOf` is [D replicate.com/docs/reference/openapi].
 */
export interface FakeModel {
  version: string
  /** Whether it is run by its name, and not by its version. */
  isOfficial: boolean
  /** Whether its output is a list. */
  isList: boolean
  kind: 'image' | 'video'
  required: readonly string[]
  properties: Readonly<Record<string, FakeProperty>>
}

export interface FakeProperty {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  enum?: readonly (string | number)[]
  description?: string
  format?: 'uri'
  items?: { type: 'string'; format: 'uri' }
  default?: unknown
  minimum?: number
  maximum?: number
}

const PROMPT = { type: 'string', description: 'Text prompt' } as const
const FILE = { type: 'string', format: 'uri' } as const
const FILES = { type: 'array', items: FILE, default: [] } as const
const RATIOS = ['1:1', '16:9', '3:2', '2:3', '4:5', '5:4', '9:16', '3:4', '4:3']
const SEED = { type: 'integer', description: 'Random seed. Set for reproducible generation' } as const
const FORMAT = { type: 'string', enum: ['webp', 'jpg', 'png'], default: 'webp' } as const
const OFFICIAL = { isOfficial: true, isList: false, kind: 'image', required: ['prompt'] } as const

export const FAKE_MODELS: Readonly<Record<string, FakeModel>> = {
  'black-forest-labs/flux-2-pro': {
    ...OFFICIAL,
    version: '00b07c32e314ceb5152c1d08e73400e6a61d7d22ba60a405fc76314fc807910c',
    properties: {
      prompt: PROMPT,
      input_images: {
        ...FILES,
        description: 'List of input images. Maximum 8 images. Must be jpeg, png, gif, or webp.',
      },
      aspect_ratio: { type: 'string', enum: ['match_input_image', 'custom', ...RATIOS], default: '1:1' },
      resolution: {
        type: 'string',
        enum: ['match_input_image', '0.5 MP', '1 MP', '2 MP', '4 MP'],
        default: '1 MP',
        description: 'Resolution in megapixels. Up to 4 MP is possible.',
      },
      width: { type: 'integer', minimum: 256, maximum: 2_048 },
      height: { type: 'integer', minimum: 256, maximum: 2_048 },
      safety_tolerance: { type: 'integer', minimum: 1, maximum: 5, default: 2 },
      seed: SEED,
      output_format: FORMAT,
      output_quality: { type: 'integer', minimum: 0, maximum: 100, default: 80 },
    },
  },
  'google/nano-banana-pro': {
    ...OFFICIAL,
    version: 'f5318740f60d79bf0c480216aaf9ca7614977553170eacd19ff8cbcda2409ac8',
    properties: {
      prompt: PROMPT,
      image_input: { ...FILES, description: 'Input images to use as reference (supports up to 14 images)' },
      aspect_ratio: { type: 'string', enum: ['match_input_image', ...RATIOS, '21:9'], default: 'match_input_image' },
      resolution: { type: 'string', enum: ['1K', '2K', '4K'], default: '2K' },
      output_format: { type: 'string', enum: ['jpg', 'png'], default: 'jpg' },
      safety_filter_level: {
        type: 'string',
        enum: ['block_low_and_above', 'block_only_high'],
        default: 'block_only_high',
      },
    },
  },
  'black-forest-labs/flux-schnell': {
    ...OFFICIAL,
    version: 'c846a69991daf4c0e5d016514849d14ee5b2e6846ce6b9d6f21369e564cfe51e',
    isList: true,
    properties: {
      prompt: PROMPT,
      aspect_ratio: { type: 'string', enum: RATIOS, default: '1:1' },
      num_outputs: { type: 'integer', minimum: 1, maximum: 4, default: 1 },
      num_inference_steps: { type: 'integer', minimum: 1, maximum: 4, default: 4 },
      seed: SEED,
      output_format: FORMAT,
      go_fast: { type: 'boolean', default: true },
      megapixels: { type: 'string', enum: ['1', '0.25'], default: '1' },
    },
  },
  'black-forest-labs/flux-fill-pro': {
    ...OFFICIAL,
    version: '1c0d5bd3e1d1b2d6d2c4e7ab1c2c0f8d52b7b44a0b3c1d8e6a6f0f9c3d7e1a42',
    required: ['image', 'prompt'],
    properties: { prompt: PROMPT, image: FILE, mask: FILE, steps: { type: 'integer', default: 50 }, seed: SEED },
  },
  'recraft-ai/recraft-remove-background': {
    ...OFFICIAL,
    version: '2d0d5bd3e1d1b2d6d2c4e7ab1c2c0f8d52b7b44a0b3c1d8e6a6f0f9c3d7e1a42',
    required: ['image'],
    properties: { image: FILE },
  },
  'nightmareai/real-esrgan': {
    ...OFFICIAL,
    version: 'f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa',
    isOfficial: false,
    required: ['image'],
    properties: {
      image: FILE,
      scale: { type: 'number', minimum: 0, maximum: 10, default: 4 },
      face_enhance: { type: 'boolean', default: false },
    },
  },
  'kwaivgi/kling-v2.5-turbo-pro': {
    ...OFFICIAL,
    version: '939cd1851c5b112f284681b57ee9b0f36d0f913ba97de5845a7eef92d52837df',
    kind: 'video',
    properties: {
      prompt: PROMPT,
      start_image: FILE,
      end_image: FILE,
      image: { ...FILE, description: 'Deprecated: Use start_image instead' },
      duration: { type: 'integer', enum: [5, 10], default: 5 },
      aspect_ratio: { type: 'string', enum: ['16:9', '9:16', '1:1'], default: '16:9' },
      negative_prompt: { type: 'string', default: '' },
    },
  },
  'wan-video/wan-2.5-i2v': {
    ...OFFICIAL,
    version: '539cd1851c5b112f284681b57ee9b0f36d0f913ba97de5845a7eef92d52837df',
    kind: 'video',
    required: ['image', 'prompt'],
    properties: {
      prompt: PROMPT,
      image: FILE,
      audio: FILE,
      duration: { type: 'integer', enum: [5, 10], default: 5 },
      resolution: { type: 'string', enum: ['480p', '720p', '1080p'], default: '720p' },
      seed: SEED,
    },
  },
}

/** Renders the answer of `GET /models/{owner}/{name}`. @see models.get [S]; `paths` and what no one reads is left out */
export function renderModel(id: string, { version, required, properties }: FakeModel): unknown {
  const [owner, name] = id.split('/')
  const choices = Object.entries(properties).flatMap(([property, { type, enum: values, description }]) =>
    values ? [[property, { type, enum: values, title: property, description: description ?? 'An enumeration.' }]] : [],
  )
  const inputs = Object.entries(properties).map(([property, { enum: values, type, ...rest }], order) => [
    property,
    {
      ...(values ? { allOf: [{ $ref: `#/components/schemas/${property}` }] } : { type, title: toTitle(property) }),
      ...rest,
      'x-order': order,
    },
  ])
  const schemas = {
    Input: { type: 'object', title: 'Input', required, properties: Object.fromEntries(inputs) },
    Output: { type: 'string', title: 'Output', format: 'uri' },
    ...Object.fromEntries(choices),
  }
  const openapi_schema = { openapi: '3.0.2', info: { title: 'Cog', version: '0.1.0' }, components: { schemas } }
  return {
    ...{ url: `https://replicate.com/${id}`, owner, name, description: '', visibility: 'public', run_count: 1_000 },
    latest_version: { id: version, created_at: '2026-11-01T12:00:00Z', cog_version: '0.16.9', openapi_schema },
  }
}

function toTitle(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
