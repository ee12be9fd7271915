import type { Kind } from '@darkroom/contracts/enums'

/**
 * The models of Replicate that are offered, as data: what each takes is read from Replicate itself. A model that Replicate does not have is
 * left out. Marks: [D] a documentation page, [U] not verified. Nothing here was checked against an account. Read on 2026-11-29 from stored
 * copies of:
 * - https://replicate.com/{owner}/{name}/versions/…/api: flux-2-pro, flux-1.1-pro-ultra, nano-banana, nano-banana-pro [D]
 * - https://api.core.today/v1/models/{owner}/{name}/llms.txt: veo-3.1, veo-3.1-fast, kling-v2.5-turbo-pro, wan-2.5-i2v [D, third party]
 * - https://lookslikecode.com/skills/jimliu/baoyu-imagine: nano-banana-2, seedream-4.5, seedream-5-lite, wan-2.7-image [D, third party]
 * - https://oauth.openai-hk.com/docs/en/lab/replicate.html: prices of an output [D, third party, 2025]
 * - https://replicate.com/google/upscaler, named by https://github.com/obodnikov/photo-restoration-webpage [D, third party]
 * The others are [U].
 */
export interface CatalogueModel {
  /** `owner/name`. */
  id: string
  name: string
  kind: Kind
  /** `official`: run by its name. `version`: by the id of its latest version, and billed by time. */
  route: 'official' | 'version'
  note: string | null
  /** The one thing that it does with its image; undefined for a model that follows a prompt. */
  operation?: 'upscale' | 'remove-background'
  /** Polarity of its mask. A mask is not offered where it is not known. */
  mask?: 'white-is-edit' | 'black-is-edit'
  /** Inputs that are not offered. */
  omitted?: readonly string[]
  /** Price of an output in micro-units of USD, where it is documented. */
  priceMicros?: number
  estimatedSeconds: number
}

const IMAGE = { kind: 'image', route: 'official', note: null, estimatedSeconds: 12 } as const
const VIDEO = { kind: 'video', route: 'official', note: null, estimatedSeconds: 120 } as const
const BY_TIME = 'It is billed by the time that it runs, and may take a minute to start.'

/** The models, the one to be offered first before all others. */
export const CATALOGUE: readonly CatalogueModel[] = [
  { ...IMAGE, id: 'black-forest-labs/flux-2-pro', name: 'FLUX.2 Pro' },
  { ...IMAGE, id: 'black-forest-labs/flux-2-flex', name: 'FLUX.2 Flex', estimatedSeconds: 20 },
  { ...IMAGE, id: 'black-forest-labs/flux-2-dev', name: 'FLUX.2 Dev', estimatedSeconds: 8 },
  { ...IMAGE, id: 'google/nano-banana-2', name: 'Nano Banana 2', estimatedSeconds: 20 },
  { ...IMAGE, id: 'google/nano-banana-pro', name: 'Nano Banana Pro', estimatedSeconds: 30 },
  { ...IMAGE, id: 'google/nano-banana', name: 'Nano Banana' },
  { ...IMAGE, id: 'bytedance/seedream-5-lite', name: 'Seedream 5 Lite', estimatedSeconds: 20 },
  { ...IMAGE, id: 'bytedance/seedream-4.5', name: 'Seedream 4.5', estimatedSeconds: 20 },
  { ...IMAGE, id: 'wan-video/wan-2.7-image', name: 'Wan 2.7 Image', estimatedSeconds: 20 },
  // Its image is for inpainting only, and useless without a mask [U].
  { ...IMAGE, id: 'ideogram-ai/ideogram-v3-turbo', name: 'Ideogram 3 Turbo', omitted: ['image', 'mask'] },
  { ...IMAGE, id: 'qwen/qwen-image', name: 'Qwen Image' },
  { ...IMAGE, id: 'recraft-ai/recraft-v3', name: 'Recraft 3', priceMicros: 40_000 },
  { ...IMAGE, id: 'black-forest-labs/flux-kontext-pro', name: 'FLUX Kontext Pro', priceMicros: 40_000 },
  { ...IMAGE, id: 'black-forest-labs/flux-kontext-max', name: 'FLUX Kontext Max', priceMicros: 80_000 },
  // White is changed: https://docs.bfl.ai/flux_tools/flux_1_fill [D]
  { ...IMAGE, id: 'black-forest-labs/flux-fill-pro', name: 'FLUX Fill Pro', mask: 'white-is-edit' },
  { ...IMAGE, id: 'black-forest-labs/flux-1.1-pro-ultra', name: 'FLUX 1.1 Pro Ultra', priceMicros: 60_000 },
  { ...IMAGE, id: 'black-forest-labs/flux-1.1-pro', name: 'FLUX 1.1 Pro', priceMicros: 40_000 },
  { ...IMAGE, id: 'black-forest-labs/flux-schnell', name: 'FLUX Schnell', priceMicros: 3_000, estimatedSeconds: 3 },
  { ...IMAGE, id: 'google/upscaler', name: 'Google Upscaler', operation: 'upscale' },
  {
    ...IMAGE,
    id: 'recraft-ai/recraft-crisp-upscale',
    name: 'Recraft Crisp Upscale',
    operation: 'upscale',
    priceMicros: 6_000,
  },
  {
    ...IMAGE,
    id: 'recraft-ai/recraft-remove-background',
    name: 'Recraft Remove Background',
    operation: 'remove-background',
    priceMicros: 10_000,
  },
  {
    ...IMAGE,
    id: 'nightmareai/real-esrgan',
    name: 'Real-ESRGAN',
    operation: 'upscale',
    route: 'version',
    note: BY_TIME,
  },
  { ...VIDEO, id: 'google/veo-3.1', name: 'Veo 3.1' },
  { ...VIDEO, id: 'google/veo-3.1-fast', name: 'Veo 3.1 Fast', estimatedSeconds: 80 },
  { ...VIDEO, id: 'kwaivgi/kling-v2.5-turbo-pro', name: 'Kling 2.5 Turbo Pro' },
  { ...VIDEO, id: 'bytedance/seedance-1-pro', name: 'Seedance 1 Pro' },
  { ...VIDEO, id: 'wan-video/wan-2.5-i2v', name: 'Wan 2.5, from an image' },
  { ...VIDEO, id: 'wan-video/wan-2.5-t2v', name: 'Wan 2.5, from text' },
]

/** Name of a model in a path. */
const MODEL_NAME = /^[A-Za-z0-9][\w.-]{0,99}\/[A-Za-z0-9][\w.-]{0,99}$/

/** Returns the `owner/name` of a model's id; undefined if it is none. It becomes a part of a path. */
export function toProviderModel(connection: string, id: string): string | undefined {
  const name = id.startsWith(`${connection}/`) ? id.slice(connection.length + 1) : id
  return MODEL_NAME.test(name) && !name.includes('..') ? name : undefined
}

/** Returns the entry of a model; one that the catalogue does not have any more is run by its name. */
export function findCatalogueModel(id: string, kind: Kind): CatalogueModel {
  return CATALOGUE.find(model => model.id === id) ?? { ...(kind === 'video' ? VIDEO : IMAGE), id, name: id }
}
