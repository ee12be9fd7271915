import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Sizes } from '@darkroom/contracts/model'
import { createChoice } from '../server-names.ts'
import type { ListedCheckpoint, ServerLists } from './server-lists.ts'
import { createCheckpointSettings } from './settings.ts'

/** The largest that the server's seeds are. */
const MAX_SEED = 4_294_967_294
const MAX_SECONDS = 3_600
/** Factors by which the extras enlarge an image. */
const SCALES = [2, 4] as const
const MAX_RESULT_SIDE = 16_384
const MAX_RESULT_PIXELS = 67_108_864
const SIZES: Sizes = {
  kind: 'grid',
  step: 8,
  minSide: 64,
  maxSide: 4_096,
  minPixels: 65_536,
  maxPixels: 4_400_000,
  maxRatio: 4,
  auto: false,
}

/** Describes the checkpoints of a server, and its upscalers: one model for each factor. */
export function createModelSpecs(connection: string, lists: ServerLists): ModelSpec[] {
  return [
    ...lists.checkpoints.map(checkpoint => createCheckpointModel(connection, checkpoint, lists)),
    ...(lists.upscalers.length > 0 ? SCALES.map(scale => createUpscaleModel(connection, scale, lists)) : []),
  ]
}

/** Returns the factor of a model that enlarges; undefined if it is a checkpoint. */
export function findScale(connection: string, model: string): number | undefined {
  return SCALES.find(scale => getUpscaleId(connection, scale) === model)
}

/** Returns the name by which a request chooses a checkpoint. */
export function toCheckpointKey(connection: string, model: string): string {
  return model.slice(`${connection}/`.length)
}

function getUpscaleId(connection: string, scale: number): string {
  return `${connection}/extras/upscale-${scale}x`
}

function createCheckpointModel(connection: string, { key, name }: ListedCheckpoint, lists: ServerLists): ModelSpec {
  return {
    ...COMMON,
    id: `${connection}/${key}`,
    name,
    connection,
    operations: ['generate', 'edit', 'inpaint'],
    sizes: SIZES,
    maxOutputs: LIMITS.outputs,
    inputs: [createInput('reference', 0), createInput('mask', 0)],
    mask: 'white-is-edit',
    seed: { min: 0, max: MAX_SEED },
    negativePrompt: true,
    settings: createCheckpointSettings(lists),
    cancel: 'refunds',
    previews: true,
    progress: true,
  }
}

function createUpscaleModel(connection: string, scale: number, { upscalers }: ServerLists): ModelSpec {
  const preset = upscalers.find(name => /esrgan/i.test(name)) ?? upscalers[0]
  return {
    ...COMMON,
    id: getUpscaleId(connection, scale),
    name: `Upscale ${scale}x (extras)`,
    connection,
    operations: ['upscale'],
    sizes: { kind: 'scale', factor: scale, maxSide: MAX_RESULT_SIDE, maxPixels: MAX_RESULT_PIXELS, auto: true },
    maxOutputs: 1,
    inputs: [createInput('source', 1)],
    mask: 'none',
    seed: null,
    negativePrompt: false,
    settings: createChoice('upscaler', upscalers, { title: 'Upscaler', preset }),
    previews: false,
    progress: false,
  }
}

/** Each output is a call of its own: it is shown as soon as it is there, and a lost answer costs one. */
const COMMON = {
  kind: 'image',
  note: null,
  durations: [],
  outputsPerCall: 1,
  promptCharacters: LIMITS.promptCharacters,
  price: { kind: 'free' },
  answers: 'at-once',
  resume: 'no',
  cancel: 'no',
  outputSeconds: null,
  retiresAt: null,
  source: 'discovered',
  estimatedSeconds: 20,
  estimatedSecondsEach: 20,
  maxSeconds: MAX_SECONDS,
} satisfies Partial<ModelSpec>

function createInput(role: ModelInput['role'], min: number): ModelInput {
  return { role, min, max: 1, maxBytes: null, types: [], needsPublicUrl: false }
}
