/**
 * Endpoints that the fake offers, with the fields of their inputs. [S] fal-ai/fal-js@381105e, types/endpoints.ts; forms of the schema
 * [D, third party: fixtures of GET /v1/models?expand=openapi-3.0]
 */

/** A field of an input, as a piece of JSON Schema. */
export type FakeField = Readonly<Record<string, unknown>> & { type?: string; enum?: readonly unknown[] }

export interface FakeEndpoint {
  category: string
  kind: 'image' | 'video'
  /** Price of a unit. The numbers are made up. */
  unitPrice: number
  unit: 'megapixels' | 'images' | 'seconds' | 'units'
  required: readonly string[]
  /** Null: its schema is not listed, and its input is taken as it is. */
  fields: Readonly<Record<string, FakeField>> | null
}

const text = (title: string): FakeField => ({ type: 'string', title })
const image = (title: string): FakeField => ({ type: 'string', title, format: 'uri' })
const images: FakeField = { type: 'array', title: 'Image URLs', items: { type: 'string' } }
const choice = (title: string, values: readonly unknown[], chosen: unknown): FakeField => ({
  type: 'string',
  title,
  enum: values,
  default: chosen,
})
const toggle = (title: string, chosen: boolean): FakeField => ({ type: 'boolean', title, default: chosen })

const PRESETS = ['square_hd', 'square', 'portrait_4_3', 'portrait_16_9', 'landscape_4_3', 'landscape_16_9']
const IMAGE_SIZE: FakeField = {
  title: 'Image Size',
  anyOf: [{ $ref: '#/components/schemas/ImageSize' }, { type: 'string', enum: PRESETS }],
  default: 'landscape_4_3',
}
const SEED: FakeField = { title: 'Seed', anyOf: [{ type: 'integer' }, { type: 'null' }] }
const COMMON = { prompt: text('Prompt'), seed: SEED, sync_mode: toggle('Sync Mode', false) }
const NUM_IMAGES: FakeField = { type: 'integer', title: 'Num Images', minimum: 1, maximum: 4, default: 1 }

const FLUX_2_PRO = {
  ...COMMON,
  image_size: IMAGE_SIZE,
  output_format: choice('Output Format', ['jpeg', 'png'], 'jpeg'),
  safety_tolerance: choice('Safety Tolerance', ['1', '2', '3', '4', '5'], '2'),
  enable_safety_checker: { ...toggle('Enable Safety Checker', true), description: 'Whether to enable the\nchecker.' },
}
const FLUX_2 = {
  ...COMMON,
  image_size: IMAGE_SIZE,
  num_images: NUM_IMAGES,
  guidance_scale: { type: 'number', title: 'Guidance Scale', minimum: 0, maximum: 20, default: 2.5 },
  num_inference_steps: { type: 'integer', title: 'Number of Inference Steps', minimum: 4, maximum: 50, default: 28 },
  acceleration: choice('Acceleration', ['none', 'regular', 'high'], 'regular'),
}
const NANO_BANANA_2 = {
  ...COMMON,
  num_images: NUM_IMAGES,
  aspect_ratio: choice('Aspect Ratio', ['auto', '16:9', '1:1', '9:16', '8:1'], 'auto'),
  resolution: choice('Resolution', ['0.5K', '1K', '2K', '4K'], '1K'),
  thinking_level: { title: 'Thinking Level', anyOf: [{ type: 'string', enum: ['minimal', 'high'] }, { type: 'null' }] },
}
const VEO = {
  prompt: text('Prompt'),
  seed: SEED,
  negative_prompt: { title: 'Negative Prompt', anyOf: [{ type: 'string' }, { type: 'null' }] },
  aspect_ratio: choice('Aspect Ratio', ['16:9', '9:16'], '16:9'),
  resolution: choice('Resolution', ['720p', '1080p', '4k'], '720p'),
  duration: choice('Duration', ['4s', '6s', '8s'], '8s'),
  generate_audio: toggle('Generate Audio', true),
}
const SEEDANCE = {
  prompt: text('Prompt'),
  aspect_ratio: choice('Aspect Ratio', ['auto', '21:9', '16:9', '4:3', '1:1', '3:4', '9:16'], 'auto'),
  resolution: choice('Resolution', ['480p', '720p', '1080p', '4k'], '720p'),
  duration: choice('Duration', ['auto', ...Array.from({ length: 12 }, (_, at) => String(at + 4))], 'auto'),
  generate_audio: toggle('Generate Audio', true),
}

const TO_IMAGE = { category: 'text-to-image', kind: 'image', required: ['prompt'] } as const
const EDIT = { category: 'image-to-image', kind: 'image', required: ['prompt', 'image_urls'] } as const
const TO_VIDEO = { category: 'text-to-video', kind: 'video', required: ['prompt'], unit: 'seconds' } as const
const ANIMATE = { category: 'image-to-video', kind: 'video', unit: 'seconds' } as const
const UNLISTED_IMAGE = { unitPrice: 0.03, unit: 'images', fields: null } as const

export const ENDPOINTS: Readonly<Record<string, FakeEndpoint>> = {
  'fal-ai/flux-2-pro': { ...TO_IMAGE, unitPrice: 0.03, unit: 'megapixels', fields: FLUX_2_PRO },
  'fal-ai/flux-2-pro/edit': {
    ...EDIT,
    ...{ unitPrice: 0.03, unit: 'megapixels', fields: { ...FLUX_2_PRO, image_urls: images } },
  },
  'fal-ai/flux-2': { ...TO_IMAGE, unitPrice: 0.012, unit: 'megapixels', fields: FLUX_2 },
  'fal-ai/flux-2/edit': {
    ...EDIT,
    ...{ unitPrice: 0.024, unit: 'megapixels', fields: { ...FLUX_2, image_urls: images } },
  },
  'fal-ai/nano-banana-2': { ...TO_IMAGE, unitPrice: 0.08, unit: 'images', fields: NANO_BANANA_2 },
  'fal-ai/nano-banana-2/edit': {
    ...EDIT,
    ...{ unitPrice: 0.08, unit: 'images', fields: { ...NANO_BANANA_2, image_urls: images } },
  },
  'fal-ai/nano-banana-pro': { ...TO_IMAGE, ...UNLISTED_IMAGE },
  'fal-ai/nano-banana-pro/edit': { ...EDIT, ...UNLISTED_IMAGE },
  'fal-ai/bytedance/seedream/v4.5/text-to-image': { ...TO_IMAGE, ...UNLISTED_IMAGE },
  'fal-ai/bytedance/seedream/v4.5/edit': { ...EDIT, ...UNLISTED_IMAGE },
  'fal-ai/qwen-image-2512': { ...TO_IMAGE, ...UNLISTED_IMAGE },
  'fal-ai/qwen-image-edit-2511': { ...EDIT, ...UNLISTED_IMAGE },
  'fal-ai/z-image/turbo': { ...TO_IMAGE, ...UNLISTED_IMAGE, unitPrice: 1, unit: 'units' },
  'fal-ai/flux/schnell': { ...TO_IMAGE, ...UNLISTED_IMAGE },
  'fal-ai/flux-pro/v1/fill': {
    ...{ category: 'image-to-image', kind: 'image', unitPrice: 0.05, unit: 'megapixels' },
    required: ['prompt', 'image_url', 'mask_url'],
    fields: {
      ...{ ...COMMON, num_images: NUM_IMAGES, image_url: image('Image URL'), mask_url: image('Mask URL') },
      output_format: choice('Output Format', ['jpeg', 'png'], 'jpeg'),
    },
  },
  'fal-ai/veo3.1/fast': { ...TO_VIDEO, unitPrice: 0.15, fields: VEO },
  'fal-ai/veo3.1/fast/image-to-video': {
    ...ANIMATE,
    ...{ unitPrice: 0.15, required: ['prompt', 'image_url'], fields: { ...VEO, image_url: image('Image URL') } },
  },
  'fal-ai/veo3.1/fast/first-last-frame-to-video': {
    ...ANIMATE,
    ...{ unitPrice: 0.15, required: ['prompt', 'first_frame_url', 'last_frame_url'] },
    fields: { ...VEO, first_frame_url: image('First Frame URL'), last_frame_url: image('Last Frame URL') },
  },
  'bytedance/seedance-2.0/text-to-video': { ...TO_VIDEO, unitPrice: 0.24, fields: SEEDANCE },
  'bytedance/seedance-2.0/image-to-video': {
    ...ANIMATE,
    ...{ unitPrice: 0.24, required: ['prompt', 'image_url'] },
    fields: { ...SEEDANCE, image_url: image('Image URL'), end_image_url: image('End Image URL') },
  },
  'fal-ai/kling-video/v3/pro/image-to-video': {
    ...ANIMATE,
    ...{ unitPrice: 0.112, required: ['start_image_url'] },
    fields: {
      ...{ prompt: text('Prompt'), negative_prompt: text('Negative Prompt') },
      ...{ start_image_url: image('Start Image URL'), end_image_url: image('End Image URL') },
      duration: choice(
        'Duration',
        Array.from({ length: 13 }, (_, at) => String(at + 3)),
        '5',
      ),
      cfg_scale: { type: 'number', title: 'Cfg Scale', minimum: 0, maximum: 1, default: 0.5 },
      generate_audio: toggle('Generate Audio', true),
      elements: { type: 'array', items: { $ref: '#/components/schemas/Element' } },
    },
  },
}

/** Returns the OpenAPI document of an endpoint; undefined where it has none. */
export function createDocument(id: string, { fields, required }: FakeEndpoint): unknown {
  if (!fields) return undefined
  const input = {
    type: 'object',
    title: 'Input',
    required,
    properties: fields,
    'x-fal-order-properties': Object.keys(fields),
  }
  const side = { type: 'integer', minimum: 1, maximum: 14_142 }
  return {
    openapi: '3.0.4',
    info: { title: id },
    paths: {
      [`/${id}/requests/{request_id}/status`]: { get: {} },
      [`/${id}`]: {
        post: { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Input' } } } } },
      },
    },
    components: {
      schemas: { Input: input, ImageSize: { type: 'object', properties: { width: side, height: side } } },
    },
  }
}
