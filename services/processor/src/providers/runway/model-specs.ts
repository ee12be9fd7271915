import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec } from '@darkroom/contracts/model'
import { CATALOGUE, type RunwayModel } from './catalogue.ts'

/** Most bytes of a picture: as a data URI it may have 5 MB [S, D docs.dev.runwayml.com/assets/inputs]. */
export const MAX_IMAGE_BYTES = 3_900_000
/** "These URLs will expire within 24-48 hours" [S]. */
export const OUTPUT_SECONDS = 86_400

/** Returns the models of a connection. */
export function createModelSpecs(connection: string): ModelSpec[] {
  return Object.entries(CATALOGUE).map(([id, model]) => ({
    ...COMMON,
    id: `${connection}/${id}`,
    connection,
    name: model.name,
    kind: model.kind,
    note: model.note,
    operations: [...model.operations],
    sizes: model.sizes,
    durations: [...model.durations],
    inputs: model.inputs.map(input => ({ ...input, ...IMAGE_LIMITS })),
    promptCharacters: model.prompt === 'none' ? LIMITS.promptCharacters : model.promptCharacters,
    // The range is [U].
    seed: model.seed ? { min: 0, max: 4_294_967_295 } : null,
    negativePrompt: model.negativePrompt,
    settings: numberSettings(model),
    price: model.price,
    estimatedSeconds: model.estimatedSeconds,
  }))
}

const IMAGE_LIMITS = {
  maxBytes: MAX_IMAGE_BYTES,
  types: ['image/png', 'image/jpeg', 'image/webp'],
  needsPublicUrl: false,
}

const COMMON = {
  maxOutputs: LIMITS.outputs,
  outputsPerCall: 1,
  mask: 'none',
  answers: 'job',
  resume: 'by-id',
  // A task that was cancelled reports what remains charged [S]; of which it is nothing is [U].
  cancel: 'if-not-begun',
  previews: false,
  progress: true,
  outputSeconds: OUTPUT_SECONDS,
  retiresAt: null,
  source: 'catalogue',
  // One output a call: further ones are made side by side, as far as the account allows.
  estimatedSecondsEach: 5,
  maxSeconds: 3_600,
} satisfies Partial<ModelSpec>

function numberSettings({ settings }: RunwayModel): ModelSpec['settings'] {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting], order) => [name, { ...setting, 'x-order': order }]),
  )
}
