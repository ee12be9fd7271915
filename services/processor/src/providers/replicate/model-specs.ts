import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec } from '@darkroom/contracts/model'
import type { CatalogueModel } from './catalogue.ts'
import { listModelInputs } from './image-inputs.ts'
import { type ModelPlan, toPromptLength, toSeedRange } from './model-plan.ts'

/** Inputs, outputs and logs are deleted after an hour. [S] predictions.get */
export const OUTPUT_SECONDS = 3_600
const MAX_SECONDS = { image: 1_800, video: 3_600 } as const

/** Describes a model: what its schema has no input for is not offered. */
export function toModelSpec(connection: string, model: CatalogueModel, plan: ModelPlan): ModelSpec {
  const { id, name, kind, note, priceMicros, estimatedSeconds } = model
  const inputs = listModelInputs(plan.images)
  return {
    id: `${connection}/${id}`,
    ...{ name, connection, kind, note, inputs, estimatedSeconds },
    operations: plan.operations,
    sizes: plan.size.sizes,
    durations: kind === 'video' ? [...(plan.duration?.values.keys() ?? [])].toSorted((a, b) => a - b) : [],
    maxOutputs: LIMITS.outputs,
    outputsPerCall: 1,
    mask: inputs.some(({ role }) => role === 'mask') ? (model.mask ?? 'none') : 'none',
    promptCharacters: toPromptLength(plan.prompt),
    seed: toSeedRange(plan.seed),
    negativePrompt: plan.negativePrompt !== undefined,
    settings: plan.settings,
    price:
      priceMicros === undefined ? { kind: 'unknown' } : { kind: 'per-output', currency: 'USD', micros: priceMicros },
    answers: 'job',
    resume: 'by-id',
    cancel: 'if-not-begun',
    previews: false,
    progress: false,
    outputSeconds: OUTPUT_SECONDS,
    retiresAt: null,
    source: 'catalogue',
    estimatedSecondsEach: 2,
    maxSeconds: MAX_SECONDS[kind],
  }
}
