/**
 * The image models of Black Forest Labs, as data: its API does not list them. Marks: [D] a documentation page, [U] not verified. Nothing
 * here was checked against an account. Read on 2026-11-29 from stored copies of:
 * - https://docs.bfl.ai/api-reference (the OpenAPI of each endpoint): fields, limits and defaults of flex, Kontext and Fill [D]
 * - https://docs.bfl.ai/quick_start/pricing, and the skill of Black Forest Labs at smithery.ai/skills/black-forest-labs/bfl-api: prices [D]
 * - the fields of FLUX.2 pro, max and klein, and of FLUX 1.1, by adapters of others that were written from its openapi.json [D, third party]
 */

/** Prices in micro-units of USD. */
export type CataloguePrice =
  | {
      kind: 'megapixels'
      /** The first megapixel of an output. */
      first: number
      /** Each further one, of the output or of a reference image. */
      next: number
    }
  | { kind: 'output'; micros: number }

/** A setting beside the format and the safety tolerance, which all models have. */
export type CatalogueSetting = 'steps' | 'guidance' | 'prompt_upsampling' | 'raw'

export interface CatalogueModel {
  name: string
  note: string | null
  /** `flux-2`: pixels; `flux-1.1`: fewer pixels; `ratio`: an aspect ratio of about a megapixel, `ratio-4mp` of four; `source`: those of its image. */
  sizes: 'flux-2' | 'flux-1.1' | 'ratio' | 'ratio-4mp' | 'source'
  /** Most reference images. */
  references: number
  /** Whether it changes a part of one image, by a mask. */
  isFill: boolean
  maxSafetyTolerance: number
  settings: readonly CatalogueSetting[]
  /** Limits of `steps` and `guidance`, with their defaults. */
  steps?: { minimum: number; maximum: number; default: number }
  guidance?: { minimum: number; maximum: number; default: number }
  /** Default of `prompt_upsampling`. */
  upsamples?: boolean
  price: CataloguePrice
  estimatedSeconds: number
}

const FLUX_2 = { note: null, sizes: 'flux-2', references: 8, isFill: false, maxSafetyTolerance: 5 } as const
const FLUX_1 = { note: null, references: 0, isFill: false, maxSafetyTolerance: 6 } as const
const KONTEXT = {
  ...FLUX_1,
  sizes: 'ratio',
  references: 4,
  settings: ['prompt_upsampling'],
  upsamples: false,
} as const

/** The models, the one to be offered first before all others. */
export const CATALOGUE: Readonly<Record<string, CatalogueModel>> = {
  'flux-2-pro': {
    ...FLUX_2,
    name: 'FLUX.2 [pro]',
    settings: [],
    price: { kind: 'megapixels', first: 30_000, next: 15_000 },
    estimatedSeconds: 10,
  },
  'flux-2-max': {
    ...FLUX_2,
    name: 'FLUX.2 [max]',
    settings: [],
    price: { kind: 'megapixels', first: 70_000, next: 30_000 },
    estimatedSeconds: 20,
  },
  'flux-2-flex': {
    ...FLUX_2,
    name: 'FLUX.2 [flex]',
    note: 'Slower, with steps and guidance of your choice.',
    settings: ['steps', 'guidance', 'prompt_upsampling'],
    steps: { minimum: 1, maximum: 50, default: 50 },
    guidance: { minimum: 1.5, maximum: 10, default: 5 },
    upsamples: true,
    price: { kind: 'megapixels', first: 50_000, next: 50_000 },
    estimatedSeconds: 20,
  },
  'flux-2-klein-9b': {
    ...FLUX_2,
    name: 'FLUX.2 [klein] 9B',
    references: 4,
    settings: [],
    price: { kind: 'megapixels', first: 15_000, next: 2_000 },
    estimatedSeconds: 3,
  },
  'flux-2-klein-4b': {
    ...FLUX_2,
    name: 'FLUX.2 [klein] 4B',
    references: 4,
    settings: [],
    price: { kind: 'megapixels', first: 14_000, next: 1_000 },
    estimatedSeconds: 2,
  },
  'flux-kontext-pro': {
    ...KONTEXT,
    name: 'FLUX.1 Kontext [pro]',
    price: { kind: 'output', micros: 40_000 },
    estimatedSeconds: 8,
  },
  'flux-kontext-max': {
    ...KONTEXT,
    name: 'FLUX.1 Kontext [max]',
    price: { kind: 'output', micros: 80_000 },
    estimatedSeconds: 12,
  },
  'flux-pro-1.1': {
    ...FLUX_1,
    name: 'FLUX 1.1 [pro]',
    sizes: 'flux-1.1',
    settings: ['prompt_upsampling'],
    upsamples: false,
    price: { kind: 'output', micros: 40_000 },
    estimatedSeconds: 6,
  },
  'flux-pro-1.1-ultra': {
    ...FLUX_1,
    name: 'FLUX 1.1 [pro] Ultra',
    sizes: 'ratio-4mp',
    settings: ['raw'],
    price: { kind: 'output', micros: 60_000 },
    estimatedSeconds: 12,
  },
  'flux-pro-1.0-fill': {
    ...FLUX_1,
    name: 'FLUX.1 Fill [pro]',
    note: 'Changes the part of an image that a mask marks. The result has the size of the image.',
    sizes: 'source',
    isFill: true,
    settings: ['steps', 'guidance', 'prompt_upsampling'],
    steps: { minimum: 15, maximum: 50, default: 50 },
    guidance: { minimum: 1.5, maximum: 100, default: 60 },
    upsamples: false,
    price: { kind: 'output', micros: 50_000 },
    estimatedSeconds: 12,
  },
}
