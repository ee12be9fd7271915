/**
 * Endpoints of Stability AI's API, as clients that are generated from https://api.stability.ai/v2alpha/openapi describe them [D]. Exact
 * sizes of outputs, and the credits of Stable Diffusion 3.5 Flash, are [U].
 */

/** A field of a form: a choice, a range of numbers, a text of at most so many characters, or a file. */
export type FieldRule =
  | { kind: 'choice'; values: readonly string[] }
  | { kind: 'number'; minimum: number; maximum: number }
  | { kind: 'text'; maximum: number }
  | { kind: 'image'; minPixels: number; maxPixels: number; maxRatio?: number }

export interface Endpoint {
  fields: Readonly<Record<string, FieldRule>>
  required: readonly string[]
  /** Credits by the field `model`; `*` is any. */
  credits: Readonly<Record<string, number>>
  isJob: boolean
  /** Size of the output: an area in the chosen ratio, a multiple of the image, or the image's own. */
  output: { kind: 'area'; pixels: number } | { kind: 'factor'; factor: number }
}

const FORMATS: FieldRule = { kind: 'choice', values: ['png', 'jpeg', 'webp'] }
const TEXT: FieldRule = { kind: 'text', maximum: 10_000 }
const SHARE: FieldRule = { kind: 'number', minimum: 0, maximum: 1 }
const SEED: FieldRule = { kind: 'number', minimum: 0, maximum: 4_294_967_294 }
const GROW_MASK: FieldRule = { kind: 'number', minimum: 0, maximum: 20 }
const ASPECT_RATIO: FieldRule = {
  kind: 'choice',
  values: ['16:9', '1:1', '21:9', '2:3', '3:2', '4:5', '5:4', '9:16', '9:21'],
}
const STYLE: FieldRule = {
  kind: 'choice',
  values: [
    ...['3d-model', 'analog-film', 'anime', 'cinematic', 'comic-book', 'digital-art', 'enhance', 'fantasy-art'],
    ...['isometric', 'line-art', 'low-poly', 'modeling-compound', 'neon-punk', 'origami', 'photographic'],
    ...['pixel-art', 'tile-texture'],
  ],
}
/** "Every side must be at least 64 pixels, total pixel count between 4,096 and 9,437,184, ratio between 1:2.5 and 2.5:1". */
const IMAGE: FieldRule = { kind: 'image', minPixels: 4_096, maxPixels: 9_437_184, maxRatio: 2.5 }
const START: FieldRule = { kind: 'image', minPixels: 4_096, maxPixels: 16_384 * 16_384 }
const SMALL: FieldRule = { kind: 'image', minPixels: 4_096, maxPixels: 1_048_576 }
const MASK: FieldRule = { kind: 'image', minPixels: 1, maxPixels: 9_437_184 }

const GENERATE = {
  prompt: TEXT,
  negative_prompt: TEXT,
  aspect_ratio: ASPECT_RATIO,
  seed: SEED,
  output_format: FORMATS,
}
const EDIT = { image: IMAGE, seed: SEED, output_format: FORMATS }
const PROMPTED = { ...EDIT, prompt: TEXT, negative_prompt: TEXT, style_preset: STYLE, grow_mask: GROW_MASK }
const AT_ONCE = { isJob: false, output: { kind: 'factor', factor: 1 } } as const
const MEGAPIXEL = { isJob: false, output: { kind: 'area', pixels: 1_048_576 } } as const

/** The endpoints by their paths below `/v2beta/stable-image`. */
export const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/generate/core': {
    fields: { ...GENERATE, style_preset: STYLE },
    required: ['prompt'],
    credits: { '*': 3 },
    isJob: false,
    output: { kind: 'area', pixels: 1_500_000 },
  },
  '/generate/ultra': {
    ...MEGAPIXEL,
    fields: { ...GENERATE, style_preset: STYLE, image: START, strength: SHARE },
    required: ['prompt'],
    credits: { '*': 8 },
  },
  '/generate/sd3': {
    ...MEGAPIXEL,
    fields: {
      ...GENERATE,
      model: { kind: 'choice', values: ['sd3.5-large', 'sd3.5-large-turbo', 'sd3.5-medium', 'sd3.5-flash'] },
      mode: { kind: 'choice', values: ['text-to-image', 'image-to-image'] },
      cfg_scale: { kind: 'number', minimum: 1, maximum: 10 },
      output_format: { kind: 'choice', values: ['png', 'jpeg'] },
      image: START,
      strength: SHARE,
    },
    required: ['prompt'],
    credits: { 'sd3.5-large': 6.5, 'sd3.5-large-turbo': 4, 'sd3.5-medium': 3.5, 'sd3.5-flash': 2.5, '*': 6.5 },
  },
  '/edit/inpaint': {
    ...AT_ONCE,
    fields: { ...PROMPTED, mask: MASK },
    required: ['image', 'prompt'],
    credits: { '*': 5 },
  },
  '/edit/erase': {
    ...AT_ONCE,
    fields: { ...EDIT, mask: MASK, grow_mask: GROW_MASK },
    required: ['image'],
    credits: { '*': 5 },
  },
  '/edit/search-and-replace': {
    ...AT_ONCE,
    fields: { ...PROMPTED, search_prompt: TEXT },
    required: ['image', 'prompt', 'search_prompt'],
    credits: { '*': 5 },
  },
  '/edit/search-and-recolor': {
    ...AT_ONCE,
    fields: { ...PROMPTED, select_prompt: TEXT },
    required: ['image', 'prompt', 'select_prompt'],
    credits: { '*': 5 },
  },
  '/edit/remove-background': {
    ...AT_ONCE,
    fields: { image: IMAGE, output_format: { kind: 'choice', values: ['png', 'webp'] } },
    required: ['image'],
    credits: { '*': 5 },
  },
  '/edit/replace-background-and-relight': {
    fields: {
      subject_image: IMAGE,
      background_reference: IMAGE,
      light_reference: IMAGE,
      background_prompt: TEXT,
      foreground_prompt: TEXT,
      negative_prompt: TEXT,
      preserve_original_subject: SHARE,
      original_background_depth: SHARE,
      light_source_direction: { kind: 'choice', values: ['above', 'below', 'left', 'right'] },
      light_source_strength: SHARE,
      seed: SEED,
      output_format: FORMATS,
    },
    required: ['subject_image'],
    credits: { '*': 8 },
    isJob: true,
    output: { kind: 'factor', factor: 1 },
  },
  '/upscale/fast': {
    fields: { image: SMALL, output_format: FORMATS },
    required: ['image'],
    credits: { '*': 2 },
    isJob: false,
    output: { kind: 'factor', factor: 4 },
  },
  '/upscale/conservative': {
    fields: {
      ...EDIT,
      prompt: TEXT,
      negative_prompt: TEXT,
      creativity: { kind: 'number', minimum: 0.2, maximum: 0.5 },
    },
    required: ['image', 'prompt'],
    credits: { '*': 40 },
    isJob: false,
    output: { kind: 'area', pixels: 4_194_304 },
  },
  '/upscale/creative': {
    fields: {
      ...EDIT,
      image: SMALL,
      prompt: TEXT,
      negative_prompt: TEXT,
      creativity: { kind: 'number', minimum: 0.1, maximum: 0.5 },
      style_preset: STYLE,
    },
    required: ['image', 'prompt'],
    credits: { '*': 60 },
    isJob: true,
    output: { kind: 'factor', factor: 4 },
  },
}
