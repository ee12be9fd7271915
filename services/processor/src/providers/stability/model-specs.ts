import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Price } from '@darkroom/contracts/model'
import { CATALOGUE, type ImageField, type StabilityModel } from './catalogue.ts'

/** Most bytes of a submission [D, error 413: "payload size exceeds 10MiB"]. */
export const MAX_FORM_BYTES = 10 * 1_024 * 1_024
/** Characters of a prompt [D]. */
const PROMPT_CHARACTERS = 10_000
/** A credit costs a cent [D]. */
const MICROS_PER_CREDIT = 10_000
/** Results of jobs are stored for a day [D]. */
const RESULT_SECONDS = 86_400

/** Returns the models of a connection. */
export function createModelSpecs(connection: string): ModelSpec[] {
  return Object.entries(CATALOGUE).map(([id, model]) => ({
    ...COMMON,
    id: `${connection}/${id}`,
    connection,
    name: model.name,
    note: model.note,
    operations: [...model.operations],
    sizes: model.sizes,
    inputs: listInputs(model.images),
    mask: model.images.some(({ role }) => role === 'mask') ? 'white-is-edit' : 'none',
    promptCharacters: model.prompt === null ? LIMITS.promptCharacters : PROMPT_CHARACTERS,
    // 0 stands for one that is chosen by chance [D].
    seed: model.seed ? { min: 1, max: 4_294_967_294 } : null,
    negativePrompt: model.negativePrompt,
    settings: numberSettings(model),
    price: toPrice(model.credits),
    ...(model.isJob ? JOB : AT_ONCE),
    estimatedSeconds: model.estimatedSeconds,
  }))
}

const COMMON = {
  kind: 'image',
  durations: [],
  maxOutputs: LIMITS.outputs,
  outputsPerCall: 1,
  resume: 'no',
  previews: false,
  progress: false,
  retiresAt: null,
  source: 'catalogue',
  // One output a call: further ones are made side by side.
  estimatedSecondsEach: 2,
} satisfies Partial<ModelSpec>

/** A connection that is closed does not stop the bill, and no request does. */
const AT_ONCE = { answers: 'at-once', cancel: 'billed', outputSeconds: null, maxSeconds: 600 } as const
const JOB = { answers: 'job', cancel: 'no', outputSeconds: RESULT_SECONDS, maxSeconds: 1_800 } as const

/** Returns the inputs of a model: the fields of each role together. */
function listInputs(fields: readonly ImageField[]): ModelInput[] {
  const roles = [...new Set(fields.map(({ role }) => role))]
  return roles.map(role => {
    const ofRole = fields.filter(field => field.role === role)
    return {
      role,
      min: ofRole.filter(({ isRequired }) => isRequired).length,
      max: ofRole.length,
      maxBytes: MAX_FORM_BYTES,
      types: ['image/png', 'image/jpeg', 'image/webp'],
      needsPublicUrl: false,
    }
  })
}

function numberSettings({ settings }: StabilityModel): ModelSpec['settings'] {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting], order) => [name, { ...setting, 'x-order': order }]),
  )
}

function toPrice(credits: number | null): Price {
  if (credits === null) return { kind: 'unknown' }
  return { kind: 'per-output', currency: 'USD', micros: Math.round(credits * MICROS_PER_CREDIT) }
}
