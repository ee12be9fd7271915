import type { Price, Setting, Sizes } from '@darkroom/contracts/model'

/**
 * Endpoints of fal that the studio knows how to call, as data. The names of their fields are [S] fal-ai/fal-js@381105e, `types/endpoints.ts`
 * (2026-08-02); numbers of images and largest sizes that it does not have are marked. Options, ranges and prices are those that fal lists
 * when models are asked for, and these where it lists none.
 */

/** An endpoint, and the names of its fields for images. */
export interface FalRoute {
  endpoint: string
  /** Field of a list of reference images. */
  images?: string
  /** Field of one image: the source of a change, or the first frame. */
  image?: string
  /** Field of the last frame. */
  lastImage?: string
  mask?: string
}

/** The routes of a model, by what is made. `between`: a video from a first to a last frame, where that has an endpoint of its own. */
export type FalRouteName = 'generate' | 'edit' | 'inpaint' | 'animate' | 'between'

export interface FalModel {
  name: string
  note: string | null
  kind: 'image' | 'video'
  routes: Partial<Record<FalRouteName, FalRoute>>
  /** Fields of the size: `image_size` with pixels, `aspect_ratio` with `resolution`, or none. */
  sizeFields: 'image_size' | 'ratio' | 'none'
  sizes: Sizes
  /** Whole seconds, of a video. */
  durations: readonly number[]
  /** The form of `duration`: `8s` or `8`. */
  durationUnit: 's' | ''
  seed: boolean
  negativePrompt: boolean
  /** Most reference images of an edit. */
  maxImages: number
  settings: Readonly<Record<string, Setting>>
  /** `listed`: what fal lists is the price of an output; `varies`: it is multiplied by size or settings, in a way that fal does not list. */
  price: 'listed' | 'varies' | Price
  /** Whether its logs have a progress bar. [U] */
  progress: boolean
  estimatedSeconds: number
  maxSeconds: number
}

const IMAGE = {
  kind: 'image',
  durations: [],
  durationUnit: '',
  seed: true,
  negativePrompt: false,
  maxImages: 1,
  note: null,
  price: 'listed',
  progress: false,
  estimatedSeconds: 15,
  maxSeconds: 600,
} satisfies Partial<FalModel>

const VIDEO = {
  ...IMAGE,
  kind: 'video',
  price: 'varies',
  estimatedSeconds: 120,
  maxSeconds: 1_800,
} satisfies Partial<FalModel>

const FREE_SIZES = { kind: 'grid', step: 16, maxRatio: 4, auto: true } as const
/** "The width and height must be between 512 and 2048 pixels" [S]. */
const SIZES_512_2048: Sizes = { ...FREE_SIZES, minSide: 512, maxSide: 2_048, minPixels: 262_144, maxPixels: 4_194_304 }
/** Limits that fal does not state: the usual ones of such models. [U] */
const SIZES_UNSTATED: Sizes = { ...FREE_SIZES, minSide: 256, maxSide: 2_048, minPixels: 65_536, maxPixels: 4_194_304 }
/** "Width and height must be between 1920 and 4096, or total number of pixels must be between 2560*1440 and 4096*4096" [S]. */
const SIZES_2K_4K: Sizes = {
  ...FREE_SIZES,
  minSide: 1_024,
  maxSide: 4_096,
  minPixels: 3_686_400,
  maxPixels: 16_777_216,
}

const WIDE_RATIOS = ['21:9', '16:9', '3:2', '4:3', '5:4', '1:1', '4:5', '3:4', '2:3', '9:16']
const GEMINI_TIERS = [
  { name: '1K', side: 1_024 },
  { name: '2K', side: 2_048 },
  { name: '4K', side: 4_096 },
]
const VIDEO_TIERS = [
  { name: '480p', side: 640 },
  { name: '720p', side: 960 },
  { name: '1080p', side: 1_440 },
  { name: '4k', side: 2_880 },
]

const choice = (title: string, values: readonly string[], chosen: string): Setting => ({
  type: 'string',
  title,
  enum: [...values],
  default: chosen,
})
const toggle = (title: string, chosen: boolean): Setting => ({ type: 'boolean', title, default: chosen })

const PNG_FIRST = choice('Output Format', ['png', 'jpeg', 'webp'], 'png')
const JPEG_FIRST = choice('Output Format', ['jpeg', 'png'], 'jpeg')
const SAFETY_CHECKER = toggle('Enable Safety Checker', true)
const STRICT_TO_5 = choice('Safety Tolerance', ['1', '2', '3', '4', '5'], '2')
const STRICT_TO_6 = choice('Safety Tolerance', ['1', '2', '3', '4', '5', '6'], '4')
const ACCELERATION = choice('Acceleration', ['none', 'regular', 'high'], 'regular')
const GENERATE_AUDIO = toggle('Generate Audio', true)

/** Prices of a second of Veo 3.1 Fast without and with sound: fal.ai/models/fal-ai/veo3.1/fast/first-last-frame-to-video/llms.txt [D]. */
const VEO_FAST_SECONDS = { '720p': [100_000, 150_000], '1080p': [100_000, 150_000], '4k': [300_000, 350_000] } as const
const VEO_DURATIONS = [4, 6, 8] as const

function createVeoPrice(): Price {
  const rows = Object.entries(VEO_FAST_SECONDS).flatMap(([tier, [silent, sounding]]) =>
    VEO_DURATIONS.flatMap(seconds => [
      [`${tier} ${seconds} false`, silent * seconds],
      [`${tier} ${seconds} true`, sounding * seconds],
    ]),
  )
  return {
    kind: 'table',
    currency: 'USD',
    by: ['resolution', 'duration', 'generate_audio'],
    rows: Object.fromEntries(rows),
  }
}

/** The models, the one to be offered first before all others, by their first endpoint. */
export const CATALOGUE: Readonly<Record<string, FalModel>> = {
  'fal-ai/flux-2-pro': {
    ...IMAGE,
    name: 'FLUX.2 Pro',
    routes: {
      generate: { endpoint: 'fal-ai/flux-2-pro' },
      edit: { endpoint: 'fal-ai/flux-2-pro/edit', images: 'image_urls' },
    },
    sizeFields: 'image_size',
    sizes: SIZES_UNSTATED,
    // [U] Black Forest Labs takes eight by its API.
    maxImages: 8,
    settings: {
      output_format: JPEG_FIRST,
      safety_tolerance: STRICT_TO_5,
      enable_safety_checker: SAFETY_CHECKER,
    },
  },
  'fal-ai/flux-2': {
    ...IMAGE,
    name: 'FLUX.2 Dev',
    routes: {
      generate: { endpoint: 'fal-ai/flux-2' },
      edit: { endpoint: 'fal-ai/flux-2/edit', images: 'image_urls' },
    },
    sizeFields: 'image_size',
    sizes: SIZES_512_2048,
    maxImages: 4,
    settings: { output_format: PNG_FIRST, acceleration: ACCELERATION, enable_safety_checker: SAFETY_CHECKER },
    progress: true,
  },
  'fal-ai/nano-banana-2': {
    ...IMAGE,
    name: 'Nano Banana 2',
    routes: {
      generate: { endpoint: 'fal-ai/nano-banana-2' },
      edit: { endpoint: 'fal-ai/nano-banana-2/edit', images: 'image_urls' },
    },
    sizeFields: 'ratio',
    sizes: {
      kind: 'ratio',
      ratios: [...WIDE_RATIOS, '4:1', '1:4', '8:1', '1:8'],
      tiers: [{ name: '0.5K', side: 512 }, ...GEMINI_TIERS],
      auto: true,
    },
    // [U] as many as Google takes.
    maxImages: 14,
    settings: {
      output_format: PNG_FIRST,
      safety_tolerance: STRICT_TO_6,
      enable_web_search: toggle('Enable Web Search', false),
      thinking_level: { type: 'string', title: 'Thinking Level', enum: ['minimal', 'high'] },
    },
    price: 'varies',
    estimatedSeconds: 25,
  },
  'fal-ai/nano-banana-pro': {
    ...IMAGE,
    name: 'Nano Banana Pro',
    routes: {
      generate: { endpoint: 'fal-ai/nano-banana-pro' },
      edit: { endpoint: 'fal-ai/nano-banana-pro/edit', images: 'image_urls' },
    },
    sizeFields: 'ratio',
    sizes: { kind: 'ratio', ratios: WIDE_RATIOS, tiers: GEMINI_TIERS, auto: true },
    maxImages: 14,
    settings: {
      output_format: PNG_FIRST,
      safety_tolerance: STRICT_TO_6,
      enable_web_search: toggle('Enable Web Search', false),
    },
    price: 'varies',
    estimatedSeconds: 30,
  },
  'fal-ai/bytedance/seedream/v4.5/text-to-image': {
    ...IMAGE,
    name: 'Seedream 4.5',
    routes: {
      generate: { endpoint: 'fal-ai/bytedance/seedream/v4.5/text-to-image' },
      edit: { endpoint: 'fal-ai/bytedance/seedream/v4.5/edit', images: 'image_urls' },
    },
    sizeFields: 'image_size',
    sizes: SIZES_2K_4K,
    maxImages: 10,
    settings: { enable_safety_checker: SAFETY_CHECKER },
    estimatedSeconds: 25,
  },
  'fal-ai/qwen-image-2512': {
    ...IMAGE,
    name: 'Qwen Image',
    routes: {
      generate: { endpoint: 'fal-ai/qwen-image-2512' },
      edit: { endpoint: 'fal-ai/qwen-image-edit-2511', images: 'image_urls' },
    },
    sizeFields: 'image_size',
    sizes: SIZES_UNSTATED,
    negativePrompt: true,
    // [U] its edit model was made for one to three.
    maxImages: 3,
    settings: { output_format: PNG_FIRST, acceleration: ACCELERATION, enable_safety_checker: SAFETY_CHECKER },
    progress: true,
  },
  'fal-ai/z-image/turbo': {
    ...IMAGE,
    name: 'Z-Image Turbo',
    routes: { generate: { endpoint: 'fal-ai/z-image/turbo' } },
    sizeFields: 'image_size',
    sizes: SIZES_UNSTATED,
    settings: { output_format: PNG_FIRST, acceleration: ACCELERATION, enable_safety_checker: SAFETY_CHECKER },
    progress: true,
    estimatedSeconds: 5,
  },
  'fal-ai/flux/schnell': {
    ...IMAGE,
    name: 'FLUX.1 Schnell',
    routes: { generate: { endpoint: 'fal-ai/flux/schnell' } },
    sizeFields: 'image_size',
    sizes: SIZES_UNSTATED,
    settings: { output_format: JPEG_FIRST, enable_safety_checker: SAFETY_CHECKER },
    progress: true,
    estimatedSeconds: 5,
  },
  'fal-ai/flux-pro/v1/fill': {
    ...IMAGE,
    name: 'FLUX.1 Fill Pro',
    note: 'It changes the part under a mask. The image has the size of the one that is changed.',
    routes: { inpaint: { endpoint: 'fal-ai/flux-pro/v1/fill', image: 'image_url', mask: 'mask_url' } },
    sizeFields: 'none',
    sizes: { kind: 'list', sizes: [{ width: 1_024, height: 1_024 }], auto: true },
    settings: { output_format: JPEG_FIRST, safety_tolerance: STRICT_TO_6 },
    estimatedSeconds: 20,
  },
  'fal-ai/veo3.1/fast': {
    ...VIDEO,
    name: 'Veo 3.1 Fast',
    routes: {
      generate: { endpoint: 'fal-ai/veo3.1/fast' },
      animate: { endpoint: 'fal-ai/veo3.1/fast/image-to-video', image: 'image_url' },
      between: {
        endpoint: 'fal-ai/veo3.1/fast/first-last-frame-to-video',
        image: 'first_frame_url',
        lastImage: 'last_frame_url',
      },
    },
    sizeFields: 'ratio',
    sizes: { kind: 'ratio', ratios: ['16:9', '9:16'], tiers: VIDEO_TIERS.slice(1), auto: false },
    durations: VEO_DURATIONS,
    durationUnit: 's',
    negativePrompt: true,
    settings: { generate_audio: GENERATE_AUDIO, safety_tolerance: STRICT_TO_6 },
    price: createVeoPrice(),
  },
  'bytedance/seedance-2.0/text-to-video': {
    ...VIDEO,
    name: 'Seedance 2.0',
    routes: {
      generate: { endpoint: 'bytedance/seedance-2.0/text-to-video' },
      animate: {
        endpoint: 'bytedance/seedance-2.0/image-to-video',
        image: 'image_url',
        lastImage: 'end_image_url',
      },
    },
    sizeFields: 'ratio',
    sizes: { kind: 'ratio', ratios: ['21:9', '16:9', '4:3', '1:1', '3:4', '9:16'], tiers: VIDEO_TIERS, auto: true },
    durations: [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    seed: false,
    settings: {
      generate_audio: GENERATE_AUDIO,
      bitrate_mode: choice('Bitrate Mode', ['standard', 'high'], 'standard'),
    },
  },
  'fal-ai/kling-video/v3/pro/image-to-video': {
    ...VIDEO,
    name: 'Kling 3 Pro',
    note: 'It animates an image. The video has the shape of its first frame.',
    routes: {
      animate: {
        endpoint: 'fal-ai/kling-video/v3/pro/image-to-video',
        image: 'start_image_url',
        lastImage: 'end_image_url',
      },
    },
    sizeFields: 'none',
    sizes: { kind: 'list', sizes: [{ width: 1_920, height: 1_080 }], auto: true },
    durations: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    seed: false,
    negativePrompt: true,
    settings: {
      generate_audio: GENERATE_AUDIO,
      cfg_scale: { type: 'number', title: 'Cfg Scale', minimum: 0, maximum: 1, default: 0.5 },
    },
  },
}

/** Returns the name at fal of a model's id: the text after the first slash. */
export function toFalModel(id: string): string {
  return id.slice(id.indexOf('/') + 1)
}

/** Lists the endpoints of all models. */
export function listEndpoints(): string[] {
  return Object.values(CATALOGUE).flatMap(({ routes }) => Object.values(routes).map(({ endpoint }) => endpoint))
}
