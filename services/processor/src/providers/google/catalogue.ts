/**
 * The models of the Gemini API that make images and videos, as data. Marks: [D] a documentation page or a stored excerpt of it, [D, third
 * party] somebody else's page about it, [U] not verified. Nothing here was checked against an account. Read on 2026-11-29 from stored copies:
 * - https://ai.google.dev/gemini-api/docs/deprecations: shutdown dates, "the earliest possible" [D]
 * - https://ai.google.dev/gemini-api/docs/models/gemini-3.1-flash-lite-image: its ratios and size [D]
 * - https://ai.google.dev/gemini-api/docs/video: parameters of Veo 3.1 [D]
 * - https://github.com/BerriAI/litellm/discussions/44983: prices of Nano Banana 2.1, end of Nano Banana 2 [D, third party]
 * - https://inference.sh/apps/google/gemini-nano-banana-2-1.md (2026-11-06): its price at 4K [D, third party]
 * - https://docs.laozhang.ai/en/api-capabilities/nano-banana-2-1-image: what the five take [D, third party]
 * - https://blog.laozhang.ai/ru/posts/nano-banana-pro-api-guide (2026-07-01): price of Nano Banana Pro [D, third party]
 * - https://lumenfall.ai/models/google/gemini-3.1-flash-image-preview/providers: price of Nano Banana 2 [D, third party]
 * - https://reapi.ai/ru/blog/cheapest-veo-3-1-api-2026 (May 2026): prices of Veo 3.1 [D, third party]
 */

/** Prices in micro-units of USD: of a million tokens by kind, and of an output by its tier. */
export interface ImagePrice {
  input: number
  textOutput: number
  imageOutput: number
  /** Estimate of an output, of which thoughts and input images are not a part. A tier without one is unknown. */
  tiers: Readonly<Record<string, number>>
}

export interface ImageModel {
  name: string
  note: string | null
  ratios: readonly string[]
  tiers: readonly string[]
  thinking: readonly string[]
  maxReferences: number
  price: ImagePrice | null
  /** First day on which it may be shut down. */
  retiresAt: string | null
  estimatedSeconds: number
}

export interface VideoModel {
  name: string
  note: string | null
  tiers: readonly string[]
  lastFrame: boolean
  /** Micro-units of USD of a second, by tier. */
  perSecond: Readonly<Record<string, number>>
  estimatedSeconds: number
}

/** Tiers, and the side of the square of equal area. [D] Google names the sides of the square: 1024, 2048, 4096. */
export const IMAGE_TIERS: Readonly<Record<string, number>> = { '512': 512, '1K': 1_024, '2K': 2_048, '4K': 4_096 }
/** 1280 × 720, 1920 × 1080, 3840 × 2160. */
export const VIDEO_TIERS: Readonly<Record<string, number>> = { '720p': 960, '1080p': 1_440, '4k': 2_880 }
/** Seconds of a video, and the one length that is made above 720p. [D] */
export const VIDEO_SECONDS = [4, 6, 8] as const
export const LARGE_VIDEO_SECONDS = 8

const TEN_RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const
const FOURTEEN_RATIOS = [...TEN_RATIOS, '1:4', '4:1', '1:8', '8:1'] as const

/** The image models by their names without `-preview`, the one to be offered first before all others. */
export const IMAGE_MODELS: Readonly<Record<string, ImageModel>> = {
  'gemini-nano-banana-2.1': {
    name: 'Nano Banana 2.1',
    note: null,
    ratios: FOURTEEN_RATIOS,
    // Two third parties contradict each other about 512.
    tiers: ['1K', '2K', '4K'],
    thinking: ['minimal', 'medium', 'high'],
    maxReferences: 14,
    price: {
      input: 1_500_000,
      textOutput: 7_500_000,
      imageOutput: 30_000_000,
      tiers: { '1K': 33_600, '4K': 113_400 },
    },
    retiresAt: null,
    estimatedSeconds: 20,
  },
  'gemini-3-pro-image': {
    name: 'Nano Banana Pro',
    note: 'Slower, for text in images and complex scenes.',
    ratios: TEN_RATIOS,
    tiers: ['1K', '2K', '4K'],
    thinking: [],
    maxReferences: 14,
    price: {
      input: 2_000_000,
      textOutput: 12_000_000,
      imageOutput: 120_000_000,
      tiers: { '1K': 134_000, '2K': 134_000, '4K': 240_000 },
    },
    retiresAt: null,
    estimatedSeconds: 30,
  },
  'gemini-3.1-flash-lite-image': {
    name: 'Nano Banana 2 Lite',
    note: 'Fast, 1K only.',
    ratios: TEN_RATIOS,
    tiers: ['1K'],
    thinking: ['minimal', 'high'],
    maxReferences: 14,
    // docs.laozhang.ai and docs.apiyi.com [D, third party]; that text output is six times the input, as with its siblings, is [U].
    price: { input: 250_000, textOutput: 1_500_000, imageOutput: 30_000_000, tiers: { '1K': 33_600 } },
    retiresAt: null,
    estimatedSeconds: 5,
  },
  'gemini-3.1-flash-image': {
    name: 'Nano Banana 2',
    note: 'Google has announced its end for 29 October 2026, and recommends Nano Banana 2.1.',
    ratios: FOURTEEN_RATIOS,
    tiers: ['512', '1K', '2K', '4K'],
    thinking: ['minimal', 'high'],
    maxReferences: 14,
    price: {
      input: 500_000,
      textOutput: 3_000_000,
      imageOutput: 60_000_000,
      tiers: { '512': 45_000, '1K': 67_000, '2K': 101_000, '4K': 151_000 },
    },
    retiresAt: '2026-10-29',
    estimatedSeconds: 15,
  },
  'gemini-2.5-flash-image': {
    name: 'Nano Banana',
    note: 'Google has named 2 October 2026 as the first day on which it may end.',
    ratios: TEN_RATIOS,
    tiers: ['1K'],
    thinking: [],
    maxReferences: 3,
    // 1,290 tokens an image: lobehub/lobe-chat@ae3ed6e [D, third party]
    price: { input: 300_000, textOutput: 2_500_000, imageOutput: 30_000_000, tiers: { '1K': 38_700 } },
    retiresAt: '2026-10-02',
    estimatedSeconds: 10,
  },
}

/** Model of a name that is not in the catalogue: the least that all of them take is assumed, and its price is unknown. */
export const UNKNOWN_IMAGE_MODEL: Omit<ImageModel, 'name'> = {
  note: 'This is newer than the studio knows: what it takes is assumed, and its price unknown.',
  ratios: TEN_RATIOS,
  tiers: ['1K'],
  thinking: [],
  maxReferences: 3,
  price: null,
  retiresAt: null,
  estimatedSeconds: 30,
}

/** The video models by their names without `-preview`. Sound is always made. */
export const VIDEO_MODELS: Readonly<Record<string, VideoModel>> = {
  'veo-3.1-generate': {
    name: 'Veo 3.1',
    note: 'With sound. Above 720p it makes 8 seconds only.',
    tiers: ['720p', '1080p', '4k'],
    lastFrame: true,
    perSecond: { '720p': 400_000, '1080p': 400_000, '4k': 600_000 },
    estimatedSeconds: 90,
  },
  'veo-3.1-fast-generate': {
    name: 'Veo 3.1 Fast',
    note: 'With sound. Above 720p it makes 8 seconds only.',
    tiers: ['720p', '1080p', '4k'],
    lastFrame: true,
    perSecond: { '720p': 100_000, '1080p': 120_000, '4k': 300_000 },
    estimatedSeconds: 60,
  },
  'veo-3.1-lite-generate': {
    name: 'Veo 3.1 Lite',
    note: 'With sound. Above 720p it makes 8 seconds only.',
    tiers: ['720p', '1080p'],
    // developer.civitai.com/orchestration/recipes/veo3.md [D, third party]
    lastFrame: false,
    perSecond: { '720p': 50_000, '1080p': 80_000 },
    estimatedSeconds: 60,
  },
}

/** Names of `GET /models` that are image models. Imagen is not among them: the Gemini API no longer serves it. */
export const IMAGE_MODEL_NAME = /^gemini-(?=[\w.-]{0,100}$)[\w.-]*(?:image|nano-banana)[\w.-]*$/
