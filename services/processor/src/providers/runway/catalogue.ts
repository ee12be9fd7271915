import type { InputRole, Operation, Price, Setting, Sizes } from '@darkroom/contracts/model'

/**
 * The models of Runway's API, as data. Marks: [S] the official client, npm @runwayml/sdk@4.20.1 (2026-09-23), resources/*.d.ts; [D] a
 * documentation page; [U] not verified. Nothing here was checked against an account. Read on 2026-11-29 from stored copies of:
 * - the client: models, endpoints, fields, ratios, durations, limits of prompts and of pictures [S]
 * - Runway's own skill `api-reference` (runwayml/skills, by skillspool.org): credits [D]; a credit is a cent
 *   (https://www.toolcolumn.com/learn/runway-web-credits-vs-api-pricing [D, third party])
 */

export interface RunwayModel {
  name: string
  note: string | null
  kind: 'image' | 'video'
  /** Value of the field `model`. */
  wireName: string
  operations: readonly Operation[]
  /** Endpoints for submissions without and with pictures; null where there is none. */
  endpoints: { text: string | null; image: string | null }
  /** Field of the pictures. */
  imageField: 'referenceImages' | 'promptImage' | 'imageUri'
  inputs: readonly { role: InputRole; min: number; max: number }[]
  /** `none`: the field does not exist. `text`: it is needed where there is no picture. */
  prompt: 'needed' | 'text' | 'none'
  promptCharacters: number
  sizes: Sizes
  /** Ratios without a picture, where they are fewer. */
  textRatios: readonly string[] | null
  durations: readonly number[]
  seed: boolean
  negativePrompt: boolean
  settings: Readonly<Record<string, Setting>>
  /** Fields that are always the same. */
  fixed: Readonly<Record<string, number>>
  price: Price
  estimatedSeconds: number
}

const CENT = 10_000
const USD = 'USD'

/** [S] Gen4Image.ratio */
const GEN4_IMAGE_RATIOS = [
  ...['1920:1080', '1080:1920', '1024:1024', '1080:1080', '1168:880', '1360:768', '1440:1080', '1080:1440'],
  ...['1808:768', '2112:912', '1280:720', '720:1280', '720:720', '960:720', '720:960', '1680:720'],
]
/** [S] GeminiImage3Pro.ratio */
const GEMINI_RATIOS = [
  ...['1024:1024', '1344:768', '768:1344', '1184:864', '864:1184', '1536:672', '832:1248', '1248:832', '896:1152'],
  ...['1152:896', '2048:2048', '1696:2528', '2528:1696', '1792:2400', '2400:1792', '1856:2304', '2304:1856'],
  ...['1536:2752', '2752:1536', '3168:1344', '4096:4096', '3392:5056', '5056:3392', '3584:4800', '4800:3584'],
  ...['3712:4608', '4608:3712', '3072:5504', '5504:3072', '6336:2688'],
]
/** [S] Gen4_5.ratio of image_to_video; gen4_turbo has the same */
const GEN4_VIDEO_RATIOS = ['1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672']
/** [S] Veo3_1.ratio */
const VEO_RATIOS = ['1280:720', '720:1280', '1920:1080', '1080:1920']

function toSizes(ratios: readonly string[]): Sizes {
  const sizes = ratios.map(ratio => {
    const [width = 0, height = 0] = ratio.split(':').map(Number)
    return { width, height }
  })
  return { kind: 'list', sizes, auto: false }
}

/** [S] contentModeration */
const PUBLIC_FIGURES: Setting = {
  type: 'string',
  title: 'Moderation of public figures',
  enum: ['auto', 'low'],
}

const AUDIO: Setting = {
  type: 'boolean',
  title: 'With sound',
  description: 'It costs more with sound.',
  default: true,
}

function percent(title: string): Setting {
  return { type: 'integer', title, minimum: 0, maximum: 100 }
}

const IMAGE = {
  note: null,
  kind: 'image',
  operations: ['generate', 'vary', 'edit'],
  endpoints: { text: '/text_to_image', image: '/text_to_image' },
  imageField: 'referenceImages',
  prompt: 'needed',
  promptCharacters: 1_000,
  textRatios: null,
  durations: [],
  seed: true,
  negativePrompt: false,
  settings: { publicFigureThreshold: PUBLIC_FIGURES },
  fixed: {},
} as const

const VIDEO = {
  note: null,
  kind: 'video',
  imageField: 'promptImage',
  promptCharacters: 1_000,
  textRatios: null,
  seed: true,
  negativePrompt: false,
  fixed: {},
} as const

/** Pictures of "720p", which cost less [D]; that these are the ones with a side of 720 is assumed [U]. */
const SMALL_ROWS = Object.fromEntries(
  GEN4_IMAGE_RATIOS.filter(ratio => ratio.split(':').includes('720')).map(ratio => [ratio.replace(':', 'x'), 5 * CENT]),
)

const VEO_DURATIONS = [4, 6, 8]

/** Creates a variant of Veo. It is billed by the second, with sound and without. */
function createVeo(wireName: string, name: string, credits: { sound: number; silent: number }): RunwayModel {
  const [shortest = 0] = VEO_DURATIONS
  // A submission without a duration has none in the key, and is made with the first.
  const rows = [...VEO_DURATIONS, ''].flatMap((seconds): [string, number][] => [
    [`true ${seconds}`, (Number(seconds) || shortest) * credits.sound * CENT],
    [`false ${seconds}`, (Number(seconds) || shortest) * credits.silent * CENT],
  ])
  return {
    ...VIDEO,
    name,
    wireName,
    operations: ['generate', 'animate'],
    endpoints: { text: '/text_to_video', image: '/image_to_video' },
    inputs: [
      { role: 'first-frame', min: 0, max: 1 },
      { role: 'last-frame', min: 0, max: 1 },
    ],
    prompt: 'text',
    sizes: toSizes(VEO_RATIOS),
    durations: VEO_DURATIONS,
    negativePrompt: true,
    settings: { audio: AUDIO },
    price: { kind: 'table', currency: USD, by: ['audio', 'duration'], rows: Object.fromEntries(rows) },
    estimatedSeconds: 120,
  }
}

/** Creates the upscaler with a factor. [S] ImageUpscaleCreateParams: sides of 300 to 8,000 pixels, a result of at most 25.3 megapixels */
function createUpscaler(factor: number): RunwayModel {
  return {
    ...IMAGE,
    name: `Magnific Precision ${factor}x`,
    wireName: 'magnific_precision_upscaler_v2',
    operations: ['upscale'],
    endpoints: { text: null, image: '/image_upscale' },
    imageField: 'imageUri',
    inputs: [{ role: 'source', min: 1, max: 1 }],
    prompt: 'none',
    sizes: { kind: 'scale', factor, maxSide: 8_000 * factor, maxPixels: 25_300_000, auto: true },
    seed: false,
    settings: {
      flavor: { type: 'string', title: 'For', enum: ['photo', 'photo_denoiser', 'sublime'] },
      sharpen: percent('Sharpness'),
      smartGrain: percent('Grain'),
      ultraDetail: percent('Detail'),
    },
    fixed: { scaleFactor: factor },
    price: { kind: 'unknown' },
    estimatedSeconds: 60,
  }
}

/** The models by their names, the one to be offered first before all others. */
export const CATALOGUE: Readonly<Record<string, RunwayModel>> = {
  gen4_image: {
    ...IMAGE,
    name: 'Gen-4 Image',
    note: 'In the prompt the pictures are @image1, @image2 and @image3.',
    wireName: 'gen4_image',
    inputs: [{ role: 'reference', min: 0, max: 3 }],
    sizes: toSizes(GEN4_IMAGE_RATIOS),
    price: { kind: 'table', currency: USD, by: ['size'], rows: { ...SMALL_ROWS, '*': 8 * CENT } },
    estimatedSeconds: 25,
  },
  gen4_image_turbo: {
    ...IMAGE,
    name: 'Gen-4 Image Turbo',
    note: 'It needs a picture. In the prompt the pictures are @image1, @image2 and @image3.',
    wireName: 'gen4_image_turbo',
    operations: ['vary', 'edit'],
    endpoints: { text: null, image: '/text_to_image' },
    inputs: [{ role: 'reference', min: 1, max: 3 }],
    sizes: toSizes(GEN4_IMAGE_RATIOS),
    price: { kind: 'per-output', currency: USD, micros: 2 * CENT },
    estimatedSeconds: 12,
  },
  gemini_image3_pro: {
    ...IMAGE,
    name: 'Gemini 3 Pro Image',
    wireName: 'gemini_image3_pro',
    inputs: [{ role: 'reference', min: 0, max: 14 }],
    // Its limit is not documented: this is below that of Google.
    promptCharacters: 10_000,
    sizes: toSizes(GEMINI_RATIOS),
    seed: false,
    settings: {},
    price: { kind: 'unknown' },
    estimatedSeconds: 40,
  },
  magnific_precision_2x: createUpscaler(2),
  magnific_precision_4x: createUpscaler(4),
  'gen4.5': {
    ...VIDEO,
    name: 'Gen-4.5',
    wireName: 'gen4.5',
    operations: ['generate', 'animate'],
    endpoints: { text: '/text_to_video', image: '/image_to_video' },
    inputs: [{ role: 'first-frame', min: 0, max: 1 }],
    prompt: 'needed',
    sizes: toSizes(GEN4_VIDEO_RATIOS),
    textRatios: ['1280:720', '720:1280'],
    // "An integer from 2 to 10" [S].
    durations: [5, 10, 2, 3, 4, 6, 7, 8, 9],
    settings: { publicFigureThreshold: PUBLIC_FIGURES },
    price: { kind: 'per-second', currency: USD, micros: 12 * CENT },
    estimatedSeconds: 90,
  },
  gen4_turbo: {
    ...VIDEO,
    name: 'Gen-4 Turbo',
    note: 'Fast and cheap. It needs a first frame.',
    wireName: 'gen4_turbo',
    operations: ['animate'],
    endpoints: { text: null, image: '/image_to_video' },
    inputs: [{ role: 'first-frame', min: 1, max: 1 }],
    prompt: 'text',
    // That of a square is listed for Gen-4 Turbo as well [S].
    sizes: toSizes(GEN4_VIDEO_RATIOS),
    durations: [5, 10],
    settings: { publicFigureThreshold: PUBLIC_FIGURES },
    price: { kind: 'per-second', currency: USD, micros: 5 * CENT },
    estimatedSeconds: 40,
  },
  'veo3.1': createVeo('veo3.1', 'Veo 3.1', { sound: 40, silent: 20 }),
  'veo3.1_fast': createVeo('veo3.1_fast', 'Veo 3.1 Fast', { sound: 15, silent: 10 }),
}

/** Returns the model of an id: `<connection>/gen4_image`. Undefined if the catalogue does not have it. */
export function findModel(id: string): RunwayModel | undefined {
  const name = id.slice(id.indexOf('/') + 1)
  return Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined
}
