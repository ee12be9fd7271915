import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Operation, Setting } from '@darkroom/contracts/model'
import { toModelKey } from './discover-models.ts'
import type { ResolvedDialect } from './resolve-dialect.ts'
import type { ListedModel } from './server-preset.ts'

const MAX_SEED = 2_147_483_647
const STEPS: Setting = { type: 'integer', title: 'Steps', minimum: 1, maximum: 150 }
/** Longest time of a call in seconds: a server of the user's own may have no graphics card. */
const SERVICE_SECONDS = 600
const OWN_SERVER_SECONDS = 1_800

/** Describes a model by the dialect of its server: what the dialect does not have is not offered. */
export function toModelSpec(connection: string, model: ListedModel, dialect: ResolvedDialect): ModelSpec {
  const { fields, preset } = dialect
  const takesReferences = fields.references !== 'none' && model.takesReferences !== false
  const takesMask = takesReferences && canSendMask(dialect)
  const price = toPrice(model, dialect)
  return {
    id: `${connection}/${toModelKey(model)}`,
    name: model.title,
    connection,
    kind: 'image',
    note: null,
    operations: listOperations(takesReferences, takesMask),
    sizes: fields.sizeStyle === preset.fields.sizeStyle ? (model.sizes ?? dialect.sizes) : dialect.sizes,
    durations: [],
    maxOutputs: LIMITS.outputs,
    outputsPerCall: 1,
    inputs: listInputs(takesReferences ? preset.maxReferences : 0, takesMask),
    mask: takesMask ? preset.mask : 'none',
    promptCharacters: model.promptCharacters ?? preset.promptCharacters,
    seed: fields.takesSeed ? { min: 0, max: MAX_SEED } : null,
    negativePrompt: fields.takesNegativePrompt,
    settings: { ...(fields.takesSteps && { steps: STEPS }), ...preset.settings },
    price,
    answers: 'at-once',
    resume: 'no',
    cancel: price.kind === 'free' ? 'no' : 'billed',
    previews: false,
    progress: false,
    outputSeconds: preset.urlSeconds,
    retiresAt: model.retiresAt ?? null,
    source: dialect.models ? 'written' : preset.models.length > 0 ? 'catalogue' : 'discovered',
    estimatedSeconds: isOwnServer(dialect) ? 30 : 15,
    estimatedSecondsEach: isOwnServer(dialect) ? 30 : 1,
    maxSeconds: getMaxSeconds(dialect),
  }
}

/** Returns the longest time of a call, in seconds. */
export function getMaxSeconds(dialect: ResolvedDialect): number {
  return isOwnServer(dialect) ? OWN_SERVER_SECONDS : SERVICE_SECONDS
}

function isOwnServer({ preset, outputMicros }: ResolvedDialect): boolean {
  return (outputMicros ?? preset.outputMicros) === 0
}

function canSendMask({ fields, preset }: ResolvedDialect): boolean {
  const isCarried =
    fields.references === 'multipart' || (fields.references === 'json-images' && preset.jsonImages === 'openai')
  return fields.takesMask && isCarried
}

function listOperations(takesReferences: boolean, takesMask: boolean): Operation[] {
  return ['generate', ...(takesReferences ? (['edit'] as const) : []), ...(takesMask ? (['inpaint'] as const) : [])]
}

function listInputs(references: number, takesMask: boolean): ModelInput[] {
  const input = { min: 0, maxBytes: null, types: [], needsPublicUrl: false }
  return [
    ...(references > 0 ? [{ ...input, role: 'reference' as const, max: references }] : []),
    ...(takesMask ? [{ ...input, role: 'mask' as const, max: 1 }] : []),
  ]
}

function toPrice(model: ListedModel, { outputMicros, preset }: ResolvedDialect): ModelSpec['price'] {
  const micros = outputMicros ?? model.outputMicros ?? preset.outputMicros
  if (micros === null) return { kind: 'unknown' }
  return micros === 0 ? { kind: 'free' } : { kind: 'per-output', currency: 'USD', micros }
}
