import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Operation, Sizes } from '@darkroom/contracts/model'
import { toNumberWithin } from '../server-names.ts'
import type { Capabilities, ModeCapabilities } from './capabilities.ts'
import { createImageSettings, createVideoSettings } from './settings.ts'

/** Most outputs of one job: it is polled as a whole, and its images are in one answer. */
const OUTPUTS_PER_JOB = 4
const MAX_REFERENCES = 4
const MAX_SEED = 4_294_967_295
/** The server stores what it has made for ten minutes. */
const OUTPUT_SECONDS = 600
const MAX_SECONDS = 3_600
/** Whole seconds of a video. */
const DURATIONS = [1, 2, 3, 4, 5]
/** The only container of the server that browsers play. */
export const VIDEO_FORMAT = 'webm'
const SIDES = { min: 64, max: 4_096 }

/** Describes the model that a server has loaded: once for each mode that can be used. */
export function createModelSpecs(connection: string, server: Capabilities): ModelSpec[] {
  const { img_gen: image, vid_gen: video } = server.modes
  return [
    ...(image ? [createImageModel(connection, server, image)] : []),
    ...(video?.formats.includes(VIDEO_FORMAT) ? [createVideoModel(connection, server, video)] : []),
  ]
}

function createImageModel(connection: string, server: Capabilities, mode: ModeCapabilities): ModelSpec {
  const { features } = mode
  const takesMask = features.has('init_image') && features.has('mask_image')
  const batch = toNumberWithin(server.limits.max_batch_count, 1, LIMITS.outputs) ?? 1
  return {
    ...createCommon(connection, server, mode),
    id: `${connection}/${server.model}`,
    name: server.model,
    kind: 'image',
    operations: listImageOperations(features, takesMask),
    sizes: createSizes(server, 16),
    durations: [],
    maxOutputs: LIMITS.outputs,
    outputsPerCall: Math.min(OUTPUTS_PER_JOB, Math.floor(batch)),
    inputs: [
      ...(features.has('init_image') ? [createInput('source', 1)] : []),
      ...(features.has('ref_images') ? [createInput('reference', MAX_REFERENCES)] : []),
      ...(takesMask ? [createInput('mask', 1)] : []),
    ],
    mask: takesMask ? 'white-is-edit' : 'none',
    settings: createImageSettings(server, mode),
    estimatedSeconds: 30,
    estimatedSecondsEach: 30,
  }
}

function createVideoModel(connection: string, server: Capabilities, mode: ModeCapabilities): ModelSpec {
  const { features } = mode
  return {
    ...createCommon(connection, server, mode),
    id: `${connection}/${server.model}:video`,
    name: `${server.model} (video)`,
    kind: 'video',
    operations: ['generate', ...(features.has('init_image') ? (['animate'] as const) : [])],
    sizes: createSizes(server, 32),
    durations: DURATIONS,
    maxOutputs: LIMITS.outputs,
    outputsPerCall: 1,
    inputs: [
      ...(features.has('init_image') ? [createInput('first-frame', 1)] : []),
      ...(features.has('end_image') ? [createInput('last-frame', 1)] : []),
    ],
    mask: 'none',
    settings: createVideoSettings(server, mode),
    estimatedSeconds: 300,
    estimatedSecondsEach: 300,
  }
}

function createCommon(connection: string, { model }: Capabilities, { features }: ModeCapabilities) {
  return {
    connection,
    note: `The server has this model loaded: ${model}.`.slice(0, 300),
    promptCharacters: LIMITS.promptCharacters,
    seed: { min: 0, max: MAX_SEED },
    negativePrompt: true,
    price: { kind: 'free' },
    answers: 'job',
    resume: 'by-id',
    cancel: describeCancel(features),
    previews: false,
    progress: false,
    outputSeconds: OUTPUT_SECONDS,
    retiresAt: null,
    source: 'discovered',
    maxSeconds: MAX_SECONDS,
  } satisfies Partial<ModelSpec>
}

function describeCancel(features: ReadonlySet<string>): ModelSpec['cancel'] {
  if (features.has('cancel_generating')) return 'refunds'
  return features.has('cancel_queued') ? 'if-not-begun' : 'no'
}

function listImageOperations(features: ReadonlySet<string>, takesMask: boolean): Operation[] {
  const takesImages = features.has('init_image') || features.has('ref_images')
  return ['generate', ...(takesImages ? (['edit'] as const) : []), ...(takesMask ? (['inpaint'] as const) : [])]
}

function createInput(role: ModelInput['role'], max: number): ModelInput {
  return { role, min: 0, max, maxBytes: null, types: [], needsPublicUrl: false }
}

/** Returns the sizes within the server's limits. It rounds others up to the step of its model. */
function createSizes({ limits }: Capabilities, step: number): Sizes {
  const read = (value: unknown, fallback: number) => toNumberWithin(value, 1, 65_536) ?? fallback
  const minSide = Math.ceil(Math.max(read(limits.min_width, SIDES.min), read(limits.min_height, SIDES.min)))
  const maxSide = Math.floor(Math.min(read(limits.max_width, SIDES.max), read(limits.max_height, SIDES.max)))
  const largest = Math.max(minSide, maxSide)
  return {
    kind: 'grid',
    step,
    minSide,
    maxSide: largest,
    minPixels: Math.min(minSide ** 2, largest ** 2),
    maxPixels: Math.min(largest ** 2, 4_400_000),
    maxRatio: 4,
    auto: false,
  }
}
