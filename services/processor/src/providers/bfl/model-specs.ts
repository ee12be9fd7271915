import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Operation, Price, Setting, Sizes } from '@darkroom/contracts/model'
import { CATALOGUE, type CatalogueModel, type CataloguePrice, type CatalogueSetting } from './catalogue.ts'

/** Time for which an output can be fetched [D]. */
export const OUTPUT_SECONDS = 600

/** Returns the models of a connection: those of the catalogue, in its order. */
export function createModelSpecs(connection: string): ModelSpec[] {
  return Object.entries(CATALOGUE).map(([id, model]) => createSpec(connection, id, model))
}

/** Returns the name at Black Forest Labs of a model's id, which is a part of a path; undefined for one that is not in the catalogue. */
export function findModel(id: string): { name: string; model: CatalogueModel } | undefined {
  const name = id.slice(id.indexOf('/') + 1)
  const model = Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined
  return model && { name, model }
}

/** There is no cancel, no list of calls, and no negative prompt. The range of seeds, and the length of prompts, are [U]. */
const COMMON = {
  kind: 'image',
  durations: [],
  maxOutputs: LIMITS.outputs,
  outputsPerCall: 1,
  promptCharacters: LIMITS.promptCharacters,
  seed: { min: 0, max: 2_147_483_647 },
  negativePrompt: false,
  answers: 'job',
  resume: 'by-id',
  cancel: 'no',
  previews: false,
  progress: true,
  outputSeconds: OUTPUT_SECONDS,
  retiresAt: null,
  source: 'catalogue',
  maxSeconds: 600,
} satisfies Partial<ModelSpec>

function createSpec(connection: string, id: string, model: CatalogueModel): ModelSpec {
  const { name, note, estimatedSeconds } = model
  return {
    ...COMMON,
    id: `${connection}/${id}`,
    connection,
    name,
    note,
    operations: listOperations(model),
    sizes: SIZES[model.sizes],
    inputs: listInputs(model),
    mask: model.isFill ? 'white-is-edit' : 'none',
    settings: createSettings(model),
    price: createPrice(model.price),
    estimatedSeconds,
    // One output a call: further ones are made side by side.
    estimatedSecondsEach: 2,
  }
}

function listOperations({ isFill, references }: CatalogueModel): Operation[] {
  if (isFill) return ['inpaint']
  return references > 0 ? ['generate', 'edit'] : ['generate']
}

/** The largest image, and the types, are [U]. */
const INPUT = {
  maxBytes: LIMITS.referenceBytes,
  types: ['image/png', 'image/jpeg', 'image/webp'],
  needsPublicUrl: false,
} satisfies Partial<ModelInput>

function listInputs({ isFill, references }: CatalogueModel): ModelInput[] {
  if (isFill)
    return [
      { ...INPUT, role: 'source', min: 1, max: 1 },
      { ...INPUT, role: 'mask', min: 1, max: 1 },
    ]
  return references > 0 ? [{ ...INPUT, role: 'reference', min: 0, max: references }] : []
}

const SIZES: Readonly<Record<CatalogueModel['sizes'], Sizes>> = {
  // Smallest side and largest area [D]; step [D, third party]; longest side and ratio [U].
  'flux-2': {
    kind: 'grid',
    step: 16,
    minSide: 64,
    maxSide: 4_096,
    minPixels: 64 * 64,
    maxPixels: 2_048 * 2_048,
    maxRatio: 4,
    auto: true,
  },
  // [D, third party]
  'flux-1.1': {
    kind: 'grid',
    step: 32,
    minSide: 256,
    maxSide: 1_440,
    minPixels: 256 * 256,
    maxPixels: 1_440 * 1_440,
    maxRatio: 4,
    auto: false,
  },
  // From 3:7 to 7:3 [D]; without a ratio that of the first image.
  ratio: { kind: 'ratio', ratios: [...ASPECT_RATIOS], tiers: [{ name: '1MP', side: 1_024 }], auto: true },
  'ratio-4mp': { kind: 'ratio', ratios: [...ASPECT_RATIOS], tiers: [{ name: '4MP', side: 2_048 }], auto: false },
  source: { kind: 'list', sizes: [{ width: 1_024, height: 1_024 }], auto: true },
}

function createSettings(model: CatalogueModel): Record<string, Setting> {
  const all: [string, Setting][] = [
    ...model.settings.map((name): [string, Setting] => [name, createSetting(name, model)]),
    ['output_format', { type: 'string', title: 'Format', enum: ['png', 'jpeg'], default: 'png' }],
    [
      'safety_tolerance',
      {
        type: 'integer',
        title: 'Safety tolerance',
        description: '0 is the strictest.',
        minimum: 0,
        maximum: model.maxSafetyTolerance,
        default: 2,
      },
    ],
  ]
  return Object.fromEntries(all.map(([name, setting], order) => [name, { ...setting, 'x-order': order }]))
}

function createSetting(name: CatalogueSetting, { steps, guidance, upsamples }: CatalogueModel): Setting {
  switch (name) {
    case 'steps':
      return { type: 'integer', title: 'Steps', ...steps }
    case 'guidance':
      return { type: 'number', title: 'Guidance', ...guidance }
    case 'prompt_upsampling':
      return { type: 'boolean', title: 'Let it extend the prompt', default: upsamples ?? false }
    case 'raw':
      return { type: 'boolean', title: 'Raw', description: 'Less processed, more natural.', default: false }
  }
}

/**
 * Returns the price of an output. By megapixels it is known for the standard resolutions, in any ratio, and for reference images of up to
 * one megapixel.
 */
function createPrice(price: CataloguePrice): Price {
  if (price.kind === 'output') return { kind: 'per-output', currency: 'USD', micros: price.micros }
  const { first, next } = price
  return {
    kind: 'table',
    currency: 'USD',
    by: ['resolution'],
    rows: { '512': first, '1024': first, '1024x1024': first, '2048': first + 3 * next, '2048x2048': first + 3 * next },
    perReferenceMicros: next,
  }
}
