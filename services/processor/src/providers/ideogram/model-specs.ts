import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Operation, Price, Setting, Sizes } from '@darkroom/contracts/model'
import { CATALOGUE, type CatalogueModel, MAX_IMAGE_BYTES, MAX_IMAGES, MAX_OTHERS, SIZES } from './catalogue.ts'

/** Prices of a model, in micro-units of USD: by its qualities, or `''` where it has none. Null: Ideogram does not offer it to this account. */
export type QuotedPrices = ReadonlyMap<string, number> | null

/** Time for which an output can be fetched [D]. */
export const OUTPUT_SECONDS = 86_400

/** Returns the models of a connection, with the prices that it was quoted: those of the catalogue that it offers, in its order. */
export function createModelSpecs(connection: string, prices: ReadonlyMap<string, QuotedPrices>): ModelSpec[] {
  return Object.entries(CATALOGUE).flatMap(([id, model]) => {
    const quoted = prices.get(id)
    return quoted === null ? [] : [createSpec(connection, id, model, createPrice(model, quoted ?? new Map()))]
  })
}

/** There is no cancel, and no list of calls [D]. */
const COMMON = {
  kind: 'image',
  durations: [],
  maxOutputs: LIMITS.outputs,
  outputsPerCall: 1,
  promptCharacters: 10_000,
  negativePrompt: false,
  answers: 'job',
  resume: 'by-id',
  cancel: 'no',
  previews: false,
  progress: false,
  outputSeconds: OUTPUT_SECONDS,
  retiresAt: null,
  source: 'catalogue',
  maxSeconds: 900,
} satisfies Partial<ModelSpec>

const SEED = { min: 0, max: 2_147_483_647 }

function createSpec(connection: string, id: string, model: CatalogueModel, price: Price): ModelSpec {
  const { name, note, kind, estimatedSeconds } = model
  const isSeeded = kind === 'generate' || kind === 'precise-edit'
  return {
    ...COMMON,
    id: `${connection}/${id}`,
    connection,
    name,
    note,
    operations: [...OPERATIONS[kind]],
    sizes: createSizes(model),
    inputs: INPUTS[kind],
    mask: isSeeded ? 'black-is-edit' : 'none',
    seed: isSeeded ? SEED : null,
    settings: createSettings(model),
    price,
    estimatedSeconds,
    // One output a call: further ones are made side by side.
    estimatedSecondsEach: 2,
  }
}

const OPERATIONS: Readonly<Record<CatalogueModel['kind'], readonly Operation[]>> = {
  generate: ['generate', 'edit', 'inpaint'],
  'precise-edit': ['edit', 'inpaint'],
  'replace-background': ['edit'],
  'remove-background': ['remove-background'],
  upscale: ['upscale'],
}

const INPUT = {
  min: 0,
  maxBytes: MAX_IMAGE_BYTES,
  types: ['image/png', 'image/jpeg', 'image/webp'],
  needsPublicUrl: false,
} satisfies Partial<ModelInput>
const SOURCE: ModelInput = { ...INPUT, role: 'source', min: 1, max: 1 }
const MASK: ModelInput = { ...INPUT, role: 'mask', max: 1 }

const INPUTS: Readonly<Record<CatalogueModel['kind'], ModelInput[]>> = {
  generate: [{ ...INPUT, role: 'reference', max: MAX_IMAGES }, MASK],
  'precise-edit': [SOURCE, { ...INPUT, role: 'reference', max: MAX_OTHERS }, MASK],
  'replace-background': [SOURCE],
  'remove-background': [SOURCE],
  upscale: [SOURCE],
}

function createSizes({ kind, factor }: CatalogueModel): Sizes {
  if (factor !== undefined) return { kind: 'scale', factor, maxSide: 16_384, maxPixels: 64_000_000, auto: true }
  if (kind === 'generate')
    return { kind: 'list', sizes: SIZES.map(([width, height]) => ({ width, height })), auto: true }
  // The size is that of the image.
  return { kind: 'list', sizes: [{ width: 1_024, height: 1_024 }], auto: true }
}

function createSettings({ kind, qualities }: CatalogueModel): Record<string, Setting> {
  const quality: Setting = { type: 'string', title: 'Quality', enum: [...qualities], default: 'medium', 'x-order': 0 }
  return {
    ...(qualities.length > 0 && { quality }),
    ...(kind === 'generate' && { magic_prompt: MAGIC_PROMPT }),
  }
}

const MAGIC_PROMPT: Setting = {
  type: 'string',
  title: 'Extend the prompt',
  description: 'Auto and on let Ideogram rewrite it.',
  enum: ['auto', 'on', 'off'],
  default: 'auto',
  'x-order': 1,
}

/** Returns the price of a model. That of an upscale depends on the image, and is known once it was made. */
function createPrice({ kind, qualities }: CatalogueModel, quoted: ReadonlyMap<string, number>): Price {
  if (kind === 'upscale') return { kind: 'quoted', currency: 'USD' }
  if (quoted.size === 0) return { kind: 'unknown' }
  if (qualities.length === 0) return { kind: 'per-output', currency: 'USD', micros: quoted.get('') ?? 0 }
  return { kind: 'table', currency: 'USD', by: ['quality'], rows: Object.fromEntries(quoted) }
}
