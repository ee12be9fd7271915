import { z } from 'zod'
import { KINDS } from './enums.ts'

const label = z.string().max(100)
const scalar = z.union([z.string(), z.number(), z.boolean()])
const micros = z.int().min(0).describe('millionths of the currency')
const currency = z.string().regex(/^[A-Z]{3}$/)
const pixels = z.int().min(1).max(65_536)

/** The names that a resolution can have in a submission: `2K`, `720p`, `1536x1024`, `auto`. */
export const RESOLUTION_NAME = /^[A-Za-z0-9.]{1,16}$/

/** A setting of a model, as a subset of JSON Schema: the composer renders it, ingest validates against it. */
export const Setting = z.strictObject({
  type: z.enum(['number', 'integer', 'boolean', 'string']),
  title: label,
  description: z.string().max(300).optional(),
  enum: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  multipleOf: z.number().positive().optional(),
  maxLength: z.int().min(1).max(1_000).optional(),
  default: scalar.optional().describe('absent: the provider decides'),
  'x-order': z.int().optional(),
  'x-group': label.optional(),
  'x-when': z
    .strictObject({ setting: z.string(), in: z.array(scalar).min(1) })
    .optional()
    .describe('it has an effect only with these values of another setting'),
})
export type Setting = z.infer<typeof Setting>

/** The sizes that a model offers. `auto`: the model chooses by itself. */
export const Sizes = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('list'),
    sizes: z.array(z.strictObject({ width: pixels, height: pixels })).min(1),
    auto: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('grid'),
    step: pixels,
    minSide: pixels,
    maxSide: pixels,
    minPixels: z.int().min(1),
    maxPixels: z.int().min(1),
    maxRatio: z.number().min(1),
    auto: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('ratio'),
    ratios: z.array(z.string().regex(/^[1-9]\d{0,2}:[1-9]\d{0,2}$/)).min(1),
    tiers: z.array(z.strictObject({ name: z.string().regex(RESOLUTION_NAME), side: pixels })).min(1),
    auto: z.boolean(),
  }),
  z.strictObject({
    kind: z
      .literal('scale')
      .describe('the size of its first image, times a factor: that is `auto`, and there is no other'),
    factor: z.int().min(2).max(16),
    maxSide: pixels.describe('longest side of the result'),
    maxPixels: z.int().min(1).describe('largest area of the result'),
    auto: z.literal(true),
  }),
])
export type Sizes = z.infer<typeof Sizes>

export const OPERATIONS = ['generate', 'edit', 'inpaint', 'vary', 'upscale', 'remove-background', 'animate'] as const
export type Operation = (typeof OPERATIONS)[number]

export const INPUT_ROLES = ['reference', 'source', 'mask', 'first-frame', 'last-frame', 'style'] as const
export type InputRole = (typeof INPUT_ROLES)[number]

/** The images of one role that a model takes. */
export const ModelInput = z.strictObject({
  role: z.enum(INPUT_ROLES),
  min: z.int().min(0),
  max: z.int().min(1),
  maxBytes: z.int().min(1).nullable(),
  types: z.array(z.string()).describe('media types; empty: any that the studio stores'),
  needsPublicUrl: z.boolean(),
})
export type ModelInput = z.infer<typeof ModelInput>

const table = {
  currency,
  by: z.array(z.string()).describe('settings, or `size`, `resolution`, `duration`, whose values select the row'),
  rows: z.record(z.string(), micros),
  perReferenceMicros: micros.optional(),
}

/** The price of an output. The rows of `tokens` are estimates: the bill is made of the tokens that the provider reports. */
export const Price = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('free') }),
  z.strictObject({ kind: z.literal('per-output'), currency, micros }),
  z.strictObject({ kind: z.literal('per-megapixel'), currency, micros }),
  z.strictObject({ kind: z.literal('per-second'), currency, micros }),
  z.strictObject({ kind: z.literal('table'), ...table }),
  z.strictObject({
    kind: z.literal('tokens'),
    ...table,
    perMillion: z
      .record(z.string(), micros)
      .describe('price of a million tokens of each kind that the provider reports'),
  }),
  z.strictObject({ kind: z.literal('quoted'), currency }),
  z.strictObject({ kind: z.literal('unknown') }),
])
export type Price = z.infer<typeof Price>

/** A model as its adapter describes it. */
export const ModelSpec = z.strictObject({
  id: z.string().describe('`<connection>/<name at the provider>`; the built-in ones have their own'),
  name: z.string(),
  connection: z.string(),
  kind: z.enum(KINDS),
  note: z.string().nullable().describe('a sentence people should know before they use it'),
  operations: z.array(z.enum(OPERATIONS)).min(1),
  sizes: Sizes,
  durations: z.array(z.int()).describe('whole seconds; empty for pictures'),
  maxOutputs: z.int().min(1),
  outputsPerCall: z.int().min(1).describe('larger submissions are split into several provider calls'),
  inputs: z.array(ModelInput),
  mask: z.enum(['none', 'alpha-is-edit', 'white-is-edit', 'black-is-edit']),
  promptCharacters: z.int().min(1),
  seed: z.strictObject({ min: z.int(), max: z.int() }).nullable(),
  negativePrompt: z.boolean(),
  settings: z.record(z.string(), Setting),
  price: Price,
  answers: z.enum(['job', 'at-once']).describe('a call is answered with a number to ask by, or with the outputs'),
  resume: z.enum(['by-id', 'own-id', 'no']).describe('how a call is found again whose answer was lost'),
  cancel: z.enum(['refunds', 'if-not-begun', 'billed', 'no']).describe('effect of a cancel on the bill'),
  previews: z.boolean(),
  progress: z.boolean(),
  outputSeconds: z
    .int()
    .nullable()
    .describe('how long outputs can be fetched from the provider; null: for ever, or never'),
  retiresAt: z.string().nullable(),
  source: z.enum(['catalogue', 'discovered', 'written']),
  estimatedSeconds: z.number().describe('one output, until five of that size were made'),
  estimatedSecondsEach: z.number().describe('each further output'),
  maxSeconds: z.int().min(1).describe('longest that one call may take at the provider'),
})
export type ModelSpec = z.infer<typeof ModelSpec>

/** A model and its capabilities. The composer offers these only, and ingest rejects everything else. */
export const Model = z.strictObject({
  ...ModelSpec.shape,
  learnedSeconds: z.record(z.string(), z.number()).describe('median seconds by number of outputs, once learned'),
  connectionName: z.string().optional(),
  connectionState: z.string().optional().describe('the kind of a `ConnectionState`'),
  // For pages that were opened before connections: derived by `toModel`.
  provider: z.string(),
  aspectRatios: z.array(z.string()),
  resolutions: z.array(z.union([z.int(), z.string()])),
  maxReferences: z.int().min(0),
  cost: z.strictObject({ amount: z.number(), currency: z.string() }).nullable(),
})
export type Model = z.infer<typeof Model>

export const Models = z.array(Model)
