import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec, Price, Setting, Sizes } from '@darkroom/contracts/model'
import {
  CATALOGUE,
  type CatalogueModel,
  type CataloguePrice,
  IMAGE_MODEL,
  SNAPSHOT,
  UNKNOWN_MODEL,
} from './catalogue.ts'

/** A model that `GET /models` lists, as far as it is read. */
export interface ListedModel {
  id: string
  /** Date of its shutdown, if one is announced. */
  shutdownDate: string | null
}

/**
 * Returns the models of an account: those of the catalogue that it lists, in the catalogue's order, then image models that the
 * catalogue does not know. Models that are shut down are left out.
 *
 * @param listed undefined where the key may not list models: then all of the catalogue
 * @param today as `2026-11-27`
 */
export function createModelSpecs(
  connection: string,
  listed: readonly ListedModel[] | undefined,
  today: string,
): ModelSpec[] {
  const dates = new Map(listed?.map(({ id, shutdownDate }) => [id, shutdownDate]))
  const known = Object.entries(CATALOGUE)
    .filter(([id]) => listed === undefined || dates.has(id))
    .map(([id, model]) => createSpec(connection, id, { ...model, retiresAt: dates.get(id) ?? model.retiresAt }))
  const found = (listed ?? [])
    .filter(({ id }) => IMAGE_MODEL.test(id) && !Object.hasOwn(CATALOGUE, id) && !isKnownSnapshot(id))
    .map(({ id, shutdownDate }) => createDiscoveredSpec(connection, id, shutdownDate))
  return [...known, ...found].filter(({ retiresAt }) => retiresAt === null || retiresAt > today)
}

function createDiscoveredSpec(connection: string, id: string, retiresAt: string | null): ModelSpec {
  return { ...createSpec(connection, id, { ...UNKNOWN_MODEL, name: id, retiresAt }), source: 'discovered' }
}

/** Returns the name at the provider of a model's id: the text after the first slash. */
export function toProviderModel(id: string): string {
  return id.slice(id.indexOf('/') + 1)
}

function isKnownSnapshot(id: string): boolean {
  return SNAPSHOT.test(id) && Object.hasOwn(CATALOGUE, id.replace(SNAPSHOT, ''))
}

/** [S] CreateImageRequest, CreateImageEditRequest. */
const COMMON = {
  kind: 'image',
  operations: ['generate', 'edit', 'inpaint'],
  durations: [],
  maxOutputs: LIMITS.outputs,
  outputsPerCall: 1,
  inputs: [
    {
      role: 'reference',
      min: 0,
      max: 16,
      maxBytes: 50_000_000,
      types: ['image/png', 'image/webp', 'image/jpeg'],
      needsPublicUrl: false,
    },
    { role: 'mask', min: 0, max: 1, maxBytes: 4_000_000, types: ['image/png'], needsPublicUrl: false },
  ],
  mask: 'alpha-is-edit',
  promptCharacters: 32_000,
  seed: null,
  negativePrompt: false,
  answers: 'at-once',
  resume: 'no',
  cancel: 'billed',
  previews: true,
  progress: false,
  outputSeconds: null,
  source: 'catalogue',
  maxSeconds: 600,
} satisfies Partial<ModelSpec>

function createSpec(connection: string, id: string, model: CatalogueModel): ModelSpec {
  const { name, note, retiresAt, estimatedSeconds } = model
  return {
    ...COMMON,
    id: `${connection}/${id}`,
    connection,
    name,
    note,
    retiresAt,
    sizes: SIZES[model.sizes],
    settings: createSettings(model),
    price: model.price === null ? { kind: 'unknown' } : createPrice(model.price),
    estimatedSeconds,
    // One output a call: further ones are made side by side.
    estimatedSecondsEach: 2,
  }
}

const SIZES: Readonly<Record<CatalogueModel['sizes'], Sizes>> = {
  classic: {
    kind: 'list',
    sizes: [
      { width: 1_024, height: 1_024 },
      { width: 1_536, height: 1_024 },
      { width: 1_024, height: 1_536 },
    ],
    auto: true,
  },
  // Sides, ratio and largest size [S]; least pixels [D, third party].
  grid: {
    kind: 'grid',
    step: 16,
    minSide: 16,
    maxSide: 3_840,
    minPixels: 655_360,
    maxPixels: 3_840 * 2_160,
    maxRatio: 3,
    auto: true,
  },
}

function createSettings({ qualities, complexity, inputFidelity }: CatalogueModel): Record<string, Setting> {
  const settings: [string, Setting | false][] = [
    ['quality', { ...choice('Quality', qualities), default: 'medium' }],
    ['complexity', complexity && { ...choice('Complexity', ['low', 'medium', 'high']), description: COMPLEXITY }],
    ['background', choice('Background', ['auto', 'opaque', 'transparent'])],
    ['output_format', { ...choice('Format', ['png', 'jpeg', 'webp']), default: 'png' }],
    ['output_compression', COMPRESSION],
    [
      'moderation',
      { ...choice('Moderation', ['auto', 'low']), description: 'Of the prompt, without reference images.' },
    ],
    [
      'input_fidelity',
      inputFidelity && { ...choice('Likeness to references', ['low', 'high']), 'x-group': 'References' },
    ],
    ['previews', PREVIEWS],
    ['resumable', RESUMABLE],
  ]
  return Object.fromEntries(
    settings.flatMap(([name, setting], order) => (setting ? [[name, { ...setting, 'x-order': order }]] : [])),
  )
}

const COMPLEXITY = 'How much the model plans before it draws.'

const COMPRESSION: Setting = {
  type: 'integer',
  title: 'Compression',
  minimum: 0,
  maximum: 100,
  'x-when': { setting: 'output_format', in: ['jpeg', 'webp'] },
}

const RESUMABLE: Setting = {
  type: 'boolean',
  title: 'Can be resumed after a crash (dearer)',
  description: 'A text model is asked to make it, whose tokens are billed as well, and which may change the prompt.',
  default: false,
}

/** Images on the way that are requested where previews are chosen. OpenAI may send fewer. */
export const PARTIAL_IMAGES = 2
/** Tokens of one of them. [U] */
const PARTIAL_IMAGE_TOKENS = 100

const PREVIEWS: Setting = {
  type: 'boolean',
  title: 'Show it while it forms (dearer)',
  description: `${PARTIAL_IMAGES} pictures on the way, each billed as about ${PARTIAL_IMAGE_TOKENS} tokens more. None with “Can be resumed”.`,
  default: false,
}

function choice(title: string, options: readonly string[]): Setting {
  return { type: 'string', title, enum: [...options] }
}

/** Resolutions that a price is estimated for: the square of a megapixel in any ratio, and the classic sizes. Others are unknown. */
function createPrice({ textInput, imageInput, imageOutput, square, oblong = square }: CataloguePrice): Price {
  const micros = Object.keys(square).flatMap((quality): [string, number][] => [
    [`${quality} 1024`, square[quality] ?? 0],
    [`${quality} 1024x1024`, square[quality] ?? 0],
    [`${quality} 1536x1024`, oblong[quality] ?? 0],
    [`${quality} 1024x1536`, oblong[quality] ?? 0],
    [`${quality} auto`, oblong[quality] ?? 0],
  ])
  const previewMicros = Math.ceil((PARTIAL_IMAGES * PARTIAL_IMAGE_TOKENS * imageOutput) / 1_000_000)
  const rows = micros.flatMap(([key, price]) => [
    [`${key} false`, price],
    [`${key} true`, price + previewMicros],
  ])
  return {
    kind: 'tokens',
    currency: 'USD',
    by: ['quality', 'resolution', 'previews'],
    rows: Object.fromEntries(rows),
    perMillion: { text_input: textInput, image_input: imageInput, image_output: imageOutput },
  }
}
