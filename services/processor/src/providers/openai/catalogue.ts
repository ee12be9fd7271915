/**
 * The image models of OpenAI, as data. Marks: [S] OpenAI's specification (openai/openai-openapi@f85dbe2), [D] a documentation page, [U] not
 * verified. Nothing here was checked against an account. Read on 2026-11-27 from stored copies of:
 * - https://developers.openai.com/api/docs/models/… (gpt-image-1-mini, gpt-image-2, gpt-image-2.6-sunburst): prices of tokens [D]
 * - https://developers.openai.com/api/docs/deprecations: shutdown dates [D]. gpt-image-1 was shut down on 2026-10-23.
 * - https://fal.ai/models/openai/gpt-image-2/llms.txt: limits of its sizes, and its prices of tokens [D, third party]
 * - https://apidog.com/blog/gpt-image-2-6-api (2026-11-05): qualities, `complexity`, prices of 2.5 and 2.6 [D, third party]
 */

/** Prices in micro-units of USD: of a million tokens by kind, and of an output by quality. */
export interface CataloguePrice {
  textInput: number
  imageInput: number
  imageOutput: number
  /** Estimate of a square output of one megapixel by quality; `auto` is the most that it may be. */
  square: Readonly<Record<string, number>>
  /** Estimate of a classic output that is not square; that of the square one unless given. */
  oblong?: Readonly<Record<string, number>>
}

export interface CatalogueModel {
  name: string
  note: string | null
  /** `classic`: three sizes; `grid`: both sides a multiple of 16. */
  sizes: 'classic' | 'grid'
  qualities: readonly string[]
  complexity: boolean
  inputFidelity: boolean
  price: CataloguePrice | null
  retiresAt: string | null
  estimatedSeconds: number
}

const QUALITIES = ['low', 'medium', 'high', 'auto'] as const
/** Since gpt-image-2.5 [D]. */
const MORE_QUALITIES = ['low', 'medium', 'high', 'xhigh', 'max', 'auto'] as const

const CLASSIC = { sizes: 'classic', qualities: QUALITIES, complexity: false, estimatedSeconds: 30 } as const
const GRID = { sizes: 'grid', qualities: QUALITIES, complexity: false, inputFidelity: false, retiresAt: null } as const

/** [D] for gpt-image-2.6; gpt-image-2 and 2.5 have the same [D, third party]. */
const RATES = { textInput: 5_000_000, imageInput: 8_000_000, imageOutput: 30_000_000 }

/** Tokens of a square output of 2.5: 196, 439, 1,756, 3,122, 7,024 [D, third party]. That those of 2.6 are the same is assumed [U]. */
const SQUARE_2_5 = { low: 5_880, medium: 13_170, high: 52_680, xhigh: 93_660, max: 210_720, auto: 210_720 }

/** Price of GPT Image 1.5: https://www.llmreference.com/model/gpt-image-1.5/openai-api [D, third party] */
const PRICE_1_5 = {
  textInput: 5_000_000,
  imageInput: 8_000_000,
  imageOutput: 32_000_000,
  square: { low: 9_000, medium: 34_000, high: 133_000, auto: 133_000 },
  oblong: { low: 13_000, medium: 50_000, high: 200_000, auto: 200_000 },
}

const RETIRING = 'It is shut down on 1 December 2026. OpenAI recommends GPT Image 2.6.'

/** The models, the one to be offered first before all others. */
export const CATALOGUE: Readonly<Record<string, CatalogueModel>> = {
  'gpt-image-2.6-flare': {
    ...GRID,
    name: 'GPT Image 2.6 Flare',
    note: 'Fast, for everyday images.',
    qualities: MORE_QUALITIES,
    complexity: true,
    price: { ...RATES, square: SQUARE_2_5 },
    estimatedSeconds: 12,
  },
  'gpt-image-2.6-sunburst': {
    ...GRID,
    name: 'GPT Image 2.6 Sunburst',
    note: 'Slower, for fine detail and precise edits.',
    qualities: MORE_QUALITIES,
    complexity: true,
    price: { ...RATES, square: SQUARE_2_5 },
    estimatedSeconds: 30,
  },
  'gpt-image-2.5-flare': {
    ...GRID,
    name: 'GPT Image 2.5 Flare',
    note: null,
    qualities: MORE_QUALITIES,
    price: { ...RATES, square: SQUARE_2_5 },
    estimatedSeconds: 15,
  },
  'gpt-image-2.5-sunburst': {
    ...GRID,
    name: 'GPT Image 2.5 Sunburst',
    note: null,
    qualities: MORE_QUALITIES,
    price: { ...RATES, square: SQUARE_2_5 },
    estimatedSeconds: 30,
  },
  'gpt-image-2': {
    ...GRID,
    name: 'GPT Image 2',
    note: null,
    // Tokens of a square output [U]; fal's page estimates 0.02, 0.07 and 0.19 USD.
    price: { ...RATES, square: { low: 5_880, medium: 52_680, high: 210_720, auto: 210_720 } },
    estimatedSeconds: 30,
  },
  'gpt-image-1.5': {
    ...CLASSIC,
    name: 'GPT Image 1.5',
    note: RETIRING,
    inputFidelity: true,
    price: PRICE_1_5,
    retiresAt: '2026-12-01',
  },
  'chatgpt-image-latest': {
    ...CLASSIC,
    name: 'ChatGPT Image',
    note: RETIRING,
    inputFidelity: true,
    // unkn0wncode/openai, models/images.go [D, third party]: an output costs what it costs with 1.5. Its rates are assumed to be the same [U].
    price: PRICE_1_5,
    retiresAt: '2026-12-01',
  },
  'gpt-image-1-mini': {
    ...CLASSIC,
    name: 'GPT Image 1 Mini',
    note: RETIRING,
    inputFidelity: false,
    // https://developers.openai.com/api/docs/models/gpt-image-1-mini [D]
    price: {
      textInput: 2_000_000,
      imageInput: 2_500_000,
      imageOutput: 8_000_000,
      square: { low: 5_000, medium: 11_000, high: 36_000, auto: 36_000 },
      oblong: { low: 6_000, medium: 15_000, high: 52_000, auto: 52_000 },
    },
    retiresAt: '2026-12-01',
  },
  'gpt-image-1': {
    ...CLASSIC,
    name: 'GPT Image 1',
    note: 'OpenAI has shut it down on 23 October 2026.',
    inputFidelity: true,
    // https://developers.openai.com/api/docs/models/gpt-image-1 [D]
    price: {
      textInput: 5_000_000,
      imageInput: 10_000_000,
      imageOutput: 40_000_000,
      square: { low: 11_000, medium: 42_000, high: 167_000, auto: 167_000 },
      oblong: { low: 16_000, medium: 63_000, high: 250_000, auto: 250_000 },
    },
    retiresAt: '2026-10-23',
  },
}

/** Ids of `GET /models` that are image models, of the images API. */
export const IMAGE_MODEL = /^(?:gpt|chatgpt)-image-[\w.-]{1,100}$/
/** A dated snapshot of a model. */
export const SNAPSHOT = /-\d{4}-\d{2}-\d{2}$/

/** Model of an id that is not in the catalogue: it is assumed to be like the newest, and its price is unknown. */
export const UNKNOWN_MODEL: Omit<CatalogueModel, 'name'> = {
  ...GRID,
  note: 'This is newer than the studio knows: what it takes is assumed, and its price unknown.',
  price: null,
  estimatedSeconds: 30,
}

/**
 * Models that call the image tool of the Responses API, the cheapest first, for calls that can be resumed. That they do is [D, third
 * party] for gpt-5.6-luna (danielmiessler/Fabric v1.4.534) and [U] for the others.
 */
export const MAINLINE_MODELS = ['gpt-6-luna', 'gpt-5.6-luna', 'gpt-5.6-terra', 'gpt-5.6-sol'] as const
