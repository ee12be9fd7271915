/**
 * The endpoints of Ideogram's API v2 that are offered as models, as data: a name is the path of its endpoint below `/v2/image`. Marks: [D] a
 * page of developer.ideogram.ai, [U] not verified. Nothing here was checked against an account. Read on 2026-11-29 from stored copies of:
 * - /api-reference/images/generate/ideogram-4-5 and /images/precise-edit/ideogram-4-5: fields and limits [D]
 * - /api-reference/images/remove-background/ideogram-1, /images/replace-background/ideogram-3, /images/upscale: fields, as far as the stored
 *   parts go [D]
 * - sizes of Ideogram 4.5, and the spelling of upscale factors, by clients of others that were tried against the service [D, third party]
 */
export interface CatalogueModel {
  name: string
  note: string | null
  /** Path below `/v2/image`; the name unless given. */
  endpoint?: string
  kind: 'generate' | 'precise-edit' | 'remove-background' | 'replace-background' | 'upscale'
  /** Values of `quality`, the cheapest first; none if the endpoint has no such field. */
  qualities: readonly string[]
  /** Factor of an endpoint that enlarges. */
  factor?: 2 | 4
  estimatedSeconds: number
}

/** The models, the one to be offered first before all others. */
export const CATALOGUE: Readonly<Record<string, CatalogueModel>> = {
  'generate/ideogram-4-5': {
    name: 'Ideogram 4.5',
    note: 'Known for lettering. With reference images it changes the first of them by the prompt.',
    kind: 'generate',
    qualities: ['low', 'medium', 'high'],
    estimatedSeconds: 20,
  },
  'precise-edit/ideogram-4-5': {
    name: 'Ideogram 4.5 Precise Edit',
    note: 'Changes what the prompt says, and copies the rest of the image as it is.',
    kind: 'precise-edit',
    qualities: ['very_low', 'low', 'medium', 'high'],
    estimatedSeconds: 30,
  },
  'replace-background/ideogram-3': {
    name: 'Ideogram 3.0 Replace Background',
    note: 'The prompt describes the new background.',
    kind: 'replace-background',
    qualities: [],
    estimatedSeconds: 20,
  },
  'remove-background/ideogram-1': {
    name: 'Ideogram Remove Background',
    note: null,
    kind: 'remove-background',
    qualities: [],
    estimatedSeconds: 8,
  },
  'upscale/topaz-standard-2/x2': {
    name: 'Topaz Standard V2, 2x',
    note: 'By Ideogram. It stays close to the image.',
    endpoint: 'upscale/topaz-standard-2',
    kind: 'upscale',
    qualities: [],
    factor: 2,
    estimatedSeconds: 20,
  },
  'upscale/topaz-standard-2/x4': {
    name: 'Topaz Standard V2, 4x',
    note: 'By Ideogram. It stays close to the image.',
    endpoint: 'upscale/topaz-standard-2',
    kind: 'upscale',
    qualities: [],
    factor: 4,
    estimatedSeconds: 30,
  },
}

/** The sizes that Ideogram 4.5 takes without an image: of one and of four megapixels [D, third party]. */
export const SIZES: readonly (readonly [width: number, height: number])[] = [
  [1_024, 1_024],
  [1_120, 896],
  [896, 1_120],
  [1_152, 864],
  [864, 1_152],
  [1_248, 832],
  [832, 1_248],
  [1_280, 800],
  [800, 1_280],
  [1_280, 720],
  [720, 1_280],
  [1_440, 720],
  [720, 1_440],
  [2_048, 2_048],
  [2_240, 1_792],
  [1_792, 2_240],
  [2_304, 1_728],
  [1_728, 2_304],
  [2_496, 1_664],
  [1_664, 2_496],
  [2_560, 1_600],
  [1_600, 2_560],
  [2_560, 1_440],
  [1_440, 2_560],
  [2_880, 1_440],
  [1_440, 2_880],
  [3_072, 1_280],
  [1_280, 3_072],
]

/** Both sides of a size are multiples of it where there are images [D]. */
export const SIZE_STEP_WITH_IMAGES = 32
/** Largest image that is taken, in bytes [D]. */
export const MAX_IMAGE_BYTES = 25_000_000
/** Most images of generate [D]. */
export const MAX_IMAGES = 5
/** Most images beside the one that is changed [D]; with a mask one fewer. */
export const MAX_OTHERS = 4

/** Returns the name and the entry of a model's id; undefined for one that is not in the catalogue. */
export function findModel(id: string): { name: string; model: CatalogueModel } | undefined {
  const name = id.slice(id.indexOf('/') + 1)
  const model = Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined
  return model && { name, model }
}
