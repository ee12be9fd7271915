import type { Sizes } from '@darkroom/contracts/model'
import { COMMON, createChoice, createToggle, type FalModel, STRICT_TO_6 } from './fal-model.ts'

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
const PNG_FIRST = createChoice('Output Format', ['png', 'jpeg', 'webp'], 'png')
const JPEG_FIRST = createChoice('Output Format', ['jpeg', 'png'], 'jpeg')
const SAFETY_CHECKER = createToggle('Enable Safety Checker', true)
const STRICT_TO_5 = createChoice('Safety Tolerance', ['1', '2', '3', '4', '5'], '2')
const ACCELERATION = createChoice('Acceleration', ['none', 'regular', 'high'], 'regular')

/** Models of images. */
export const IMAGE_MODELS: Readonly<Record<string, FalModel>> = {
  'fal-ai/flux-2-pro': {
    ...COMMON,
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
    ...COMMON,
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
    ...COMMON,
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
      enable_web_search: createToggle('Enable Web Search', false),
      thinking_level: { type: 'string', title: 'Thinking Level', enum: ['minimal', 'high'] },
    },
    price: 'varies',
    estimatedSeconds: 25,
  },
  'fal-ai/nano-banana-pro': {
    ...COMMON,
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
      enable_web_search: createToggle('Enable Web Search', false),
    },
    price: 'varies',
    estimatedSeconds: 30,
  },
  'fal-ai/bytedance/seedream/v4.5/text-to-image': {
    ...COMMON,
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
    ...COMMON,
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
    ...COMMON,
    name: 'Z-Image Turbo',
    routes: { generate: { endpoint: 'fal-ai/z-image/turbo' } },
    sizeFields: 'image_size',
    sizes: SIZES_UNSTATED,
    settings: { output_format: PNG_FIRST, acceleration: ACCELERATION, enable_safety_checker: SAFETY_CHECKER },
    progress: true,
    estimatedSeconds: 5,
  },
  'fal-ai/flux/schnell': {
    ...COMMON,
    name: 'FLUX.1 Schnell',
    routes: { generate: { endpoint: 'fal-ai/flux/schnell' } },
    sizeFields: 'image_size',
    sizes: SIZES_UNSTATED,
    settings: { output_format: JPEG_FIRST, enable_safety_checker: SAFETY_CHECKER },
    progress: true,
    estimatedSeconds: 5,
  },
  'fal-ai/flux-pro/v1/fill': {
    ...COMMON,
    name: 'FLUX.1 Fill Pro',
    note: 'It changes the part under a mask. The image has the size of the one that is changed.',
    routes: { inpaint: { endpoint: 'fal-ai/flux-pro/v1/fill', image: 'image_url', mask: 'mask_url' } },
    sizeFields: 'none',
    sizes: { kind: 'list', sizes: [{ width: 1_024, height: 1_024 }], auto: true },
    settings: { output_format: JPEG_FIRST, safety_tolerance: STRICT_TO_6 },
    estimatedSeconds: 20,
  },
}
