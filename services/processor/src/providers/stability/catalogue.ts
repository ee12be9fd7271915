import type { InputRole, Operation, Setting, Sizes } from '@darkroom/contracts/model'
import { createCreativitySetting, createFormatSetting, SETTINGS } from './settings.ts'

/**
 * The models of Stability AI's API, as data: each is an endpoint, or a value of its field `model`. Marks: [D] a documentation page, [U] not
 * verified. Nothing here was checked against an account. Read on 2026-11-29 from stored copies of:
 * - https://stability.ai/api-pricing-update-25: credits of upscales and edits since 2025-08-01 [D]
 * - https://developer.puter.com/tutorials/stability-ai-api-pricing (June 2026): credits of generations [D, third party]
 * - clients that are generated from https://api.stability.ai/v2alpha/openapi: fields, limits, "Flat rate of … credits" of what the pages
 *   above do not name (Search and Recolor, Replace Background and Relight) [D]
 * - https://app.unpkg.com/stability-ai@0.7.0: paths and fields of edits, results [D, third party]
 */

/** A field of a form that takes an input image. The images of a role go into its fields in order. */
export interface ImageField {
  role: InputRole
  field: string
  isRequired: boolean
}

export interface StabilityModel {
  name: string
  note: string | null
  /** Below `/v2beta/stable-image`. */
  path: string
  operations: readonly Operation[]
  /** Field of the prompt; null if it takes none. */
  prompt: 'prompt' | 'background_prompt' | null
  negativePrompt: boolean
  seed: boolean
  settings: Readonly<Record<string, Setting>>
  /** Settings without which it is refused. */
  needs: readonly string[]
  images: readonly ImageField[]
  /** Value of the field `model`, of an endpoint that has several. */
  variant: string | null
  /** Whether it is answered with an id, by which the result is polled. */
  isJob: boolean
  sizes: Sizes
  /** Credits of an output, each a cent; null if they are not known. */
  credits: number | null
  estimatedSeconds: number
}

/** Ratios of `aspect_ratio` [D]. */
const RATIOS = ['1:1', '16:9', '9:16', '3:2', '2:3', '5:4', '4:5', '21:9', '9:21']

/** Sizes follow from a ratio and an area that is documented; the exact pixels are not. */
function createRatios(name: string, side: number): Sizes {
  return { kind: 'ratio', ratios: RATIOS, tiers: [{ name, side }], auto: false }
}

/** The size of its first image: that is `auto`. */
const SAME_SIZE: Sizes = { kind: 'list', sizes: [{ width: 1_024, height: 1_024 }], auto: true }

const FORMATS = createFormatSetting(['png', 'jpeg', 'webp'])
const SOURCE: ImageField = { role: 'source', field: 'image', isRequired: true }
const MASK: ImageField = { role: 'mask', field: 'mask', isRequired: true }
const START: ImageField = { role: 'reference', field: 'image', isRequired: false }

const AT_ONCE = { note: null, needs: [], variant: null, isJob: false } as const
const GENERATE = { ...AT_ONCE, prompt: 'prompt', seed: true } as const
const EDIT = {
  ...AT_ONCE,
  prompt: 'prompt',
  negativePrompt: true,
  seed: true,
  sizes: SAME_SIZE,
  estimatedSeconds: 15,
} as const

/** Creates a variant of Stable Diffusion 3.5: they have one endpoint. Its image has the size of one that it starts from. */
function createSd3(variant: string, name: string, credits: number | null, negativePrompt: boolean): StabilityModel {
  return {
    ...GENERATE,
    name,
    path: '/generate/sd3',
    operations: ['generate', 'vary'],
    negativePrompt,
    images: [START],
    settings: {
      cfg_scale: SETTINGS.cfg_scale,
      strength: SETTINGS.strength,
      output_format: createFormatSetting(['png', 'jpeg']),
    },
    variant,
    sizes: createRatios('1MP', 1_024),
    credits,
    estimatedSeconds: 12,
  }
}

/** The models by their names, the one to be offered first before all others. */
export const CATALOGUE: Readonly<Record<string, StabilityModel>> = {
  core: {
    ...GENERATE,
    name: 'Stable Image Core',
    note: 'Fast and cheap.',
    path: '/generate/core',
    operations: ['generate'],
    negativePrompt: true,
    images: [],
    settings: { style_preset: SETTINGS.style_preset, output_format: FORMATS },
    // "1.5 megapixels" [D]. The side is the studio's usual one, which every model of this provider should take; the image has its own.
    sizes: createRatios('1.5MP', 1_024),
    credits: 3,
    estimatedSeconds: 6,
  },
  ultra: {
    ...GENERATE,
    name: 'Stable Image Ultra',
    note: 'The best of its pictures.',
    path: '/generate/ultra',
    operations: ['generate', 'vary'],
    negativePrompt: true,
    images: [START],
    settings: { style_preset: SETTINGS.style_preset, strength: SETTINGS.strength, output_format: FORMATS },
    sizes: createRatios('1MP', 1_024),
    credits: 8,
    estimatedSeconds: 15,
  },
  'sd3.5-large': createSd3('sd3.5-large', 'Stable Diffusion 3.5 Large', 6.5, true),
  // The turbo variant takes no negative prompt [D npm stability-ai, of sd3-turbo]; that Flash does not either is assumed [U].
  'sd3.5-large-turbo': createSd3('sd3.5-large-turbo', 'Stable Diffusion 3.5 Large Turbo', 4, false),
  'sd3.5-medium': createSd3('sd3.5-medium', 'Stable Diffusion 3.5 Medium', 3.5, true),
  'sd3.5-flash': createSd3('sd3.5-flash', 'Stable Diffusion 3.5 Flash', null, false),
  inpaint: {
    ...EDIT,
    name: 'Inpaint',
    path: '/edit/inpaint',
    operations: ['inpaint'],
    images: [SOURCE, MASK],
    settings: { style_preset: SETTINGS.style_preset, grow_mask: SETTINGS.grow_mask, output_format: FORMATS },
    credits: 5,
  },
  erase: {
    ...EDIT,
    name: 'Erase',
    note: 'Removes what is under the mask. It reads no prompt.',
    path: '/edit/erase',
    operations: ['inpaint'],
    prompt: null,
    negativePrompt: false,
    images: [SOURCE, MASK],
    settings: { grow_mask: SETTINGS.grow_mask, output_format: FORMATS },
    credits: 5,
  },
  'search-and-replace': {
    ...EDIT,
    name: 'Search and Replace',
    note: 'Finds a thing by its name, without a mask, and puts what the prompt describes in its position.',
    path: '/edit/search-and-replace',
    operations: ['edit'],
    images: [SOURCE],
    settings: {
      search_prompt: SETTINGS.search_prompt,
      style_preset: SETTINGS.style_preset,
      grow_mask: SETTINGS.grow_mask,
      output_format: FORMATS,
    },
    needs: ['search_prompt'],
    credits: 5,
  },
  'search-and-recolor': {
    ...EDIT,
    name: 'Search and Recolor',
    note: 'Finds a thing by its name, without a mask, and gives it the colours of the prompt.',
    path: '/edit/search-and-recolor',
    operations: ['edit'],
    images: [SOURCE],
    settings: {
      select_prompt: SETTINGS.select_prompt,
      style_preset: SETTINGS.style_preset,
      grow_mask: SETTINGS.grow_mask,
      output_format: FORMATS,
    },
    needs: ['select_prompt'],
    credits: 5,
  },
  'remove-background': {
    ...EDIT,
    name: 'Remove Background',
    path: '/edit/remove-background',
    operations: ['remove-background'],
    prompt: null,
    negativePrompt: false,
    seed: false,
    images: [SOURCE],
    // A JPEG has no transparency: it is not among its formats [D].
    settings: { output_format: createFormatSetting(['png', 'webp']) },
    credits: 5,
    estimatedSeconds: 6,
  },
  'replace-background-and-relight': {
    ...EDIT,
    name: 'Replace Background and Relight',
    note: 'The first picture is the subject, a second one the new background, a third one the light. Without a second one the prompt describes the background.',
    path: '/edit/replace-background-and-relight',
    operations: ['edit'],
    prompt: 'background_prompt',
    images: [
      { role: 'reference', field: 'subject_image', isRequired: true },
      { role: 'reference', field: 'background_reference', isRequired: false },
      { role: 'reference', field: 'light_reference', isRequired: false },
    ],
    settings: {
      foreground_prompt: SETTINGS.foreground_prompt,
      preserve_original_subject: SETTINGS.preserve_original_subject,
      original_background_depth: SETTINGS.original_background_depth,
      light_source_direction: SETTINGS.light_source_direction,
      light_source_strength: SETTINGS.light_source_strength,
      output_format: FORMATS,
    },
    isJob: true,
    credits: 8,
    estimatedSeconds: 40,
  },
  'upscale-fast': {
    ...EDIT,
    name: 'Fast Upscale',
    note: 'Enlarges four times in seconds. It reads no prompt.',
    path: '/upscale/fast',
    operations: ['upscale'],
    prompt: null,
    negativePrompt: false,
    seed: false,
    images: [SOURCE],
    settings: { output_format: FORMATS },
    // Of an image of up to 1,536 pixels a side and a megapixel [D].
    sizes: { kind: 'scale', factor: 4, maxSide: 6_144, maxPixels: 16 * 1_048_576, auto: true },
    credits: 2,
    estimatedSeconds: 5,
  },
  'upscale-conservative': {
    ...EDIT,
    name: 'Conservative Upscale',
    note: 'Enlarges to four megapixels, and changes little. The prompt describes the picture.',
    path: '/upscale/conservative',
    operations: ['upscale'],
    images: [SOURCE],
    settings: { creativity: createCreativitySetting(0.2, 0.5, 0.35), output_format: FORMATS },
    credits: 40,
    estimatedSeconds: 40,
  },
  'upscale-creative': {
    ...EDIT,
    name: 'Creative Upscale',
    note: 'Enlarges a picture of up to a megapixel, and invents what is missing. The prompt describes the picture.',
    path: '/upscale/creative',
    operations: ['upscale'],
    images: [SOURCE],
    settings: {
      creativity: createCreativitySetting(0.1, 0.5, 0.3),
      style_preset: SETTINGS.style_preset,
      output_format: FORMATS,
    },
    isJob: true,
    credits: 60,
    estimatedSeconds: 90,
  },
}

/** Returns the model of an id: `<connection>/core`. Undefined if the catalogue does not have it. */
export function findModel(id: string): StabilityModel | undefined {
  const name = id.slice(id.indexOf('/') + 1)
  return Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined
}
