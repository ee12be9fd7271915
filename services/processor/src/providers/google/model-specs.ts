import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelInput, ModelSpec, Price, Setting } from '@darkroom/contracts/model'
import {
  IMAGE_MODEL_NAME,
  IMAGE_MODELS,
  IMAGE_TIERS,
  type ImageModel,
  type ImagePrice,
  LARGE_VIDEO_SECONDS,
  UNKNOWN_IMAGE_MODEL,
  VIDEO_MODELS,
  VIDEO_SECONDS,
  VIDEO_TIERS,
  type VideoModel,
} from './catalogue.ts'
import { toBaseName } from './model-name.ts'
import { MAX_IMAGE_BYTES } from './request-images.ts'

/** A model that `GET /models` lists, as far as it is read. */
export interface ListedModel {
  /** Without `models/`. */
  name: string
  title: string | undefined
  /** Whether it answers `generateContent`. */
  isGenerative: boolean
}

export interface SpecOptions {
  connection: string
  /** As `2026-11-29`. */
  today: string
  /** Whether a model is known to take a call in the background. */
  takesBackground(name: string): boolean
}

const MAX_DISCOVERED = 20

/**
 * Returns the models of an account: those of the catalogue that it lists, in the catalogue's order, then image models that the catalogue
 * does not know. Of several variants of a model one is offered: that without `-preview`, if there is one.
 */
export function createModelSpecs(listed: readonly ListedModel[], options: SpecOptions): ModelSpec[] {
  const variants = Map.groupBy(listed, ({ name }) => toBaseName(name))
  const images = Object.entries(IMAGE_MODELS).flatMap(([base, model]) => {
    const name = chooseVariant(variants.get(base))?.name
    return name === undefined ? [] : [createImageSpec(name, model, 'catalogue', options)]
  })
  const videos = Object.entries(VIDEO_MODELS).flatMap(([base, model]) => {
    const name = chooseVariant(variants.get(base))?.name
    return name === undefined ? [] : [createVideoSpec(name, model, options)]
  })
  const found = [...variants]
    .filter(([base]) => !Object.hasOwn(IMAGE_MODELS, base))
    .flatMap(([, models]) => chooseVariant(models) ?? [])
    .filter(({ name, isGenerative }) => isGenerative && IMAGE_MODEL_NAME.test(name))
    .slice(0, MAX_DISCOVERED)
    .map(({ name, title }) =>
      createImageSpec(name, { ...UNKNOWN_IMAGE_MODEL, name: title ?? name }, 'discovered', options),
    )
  return [...images, ...videos, ...found]
}

function chooseVariant(models: readonly ListedModel[] = []): ListedModel | undefined {
  const rank = ({ name }: ListedModel) => (toBaseName(name) === name ? 0 : /-(?:preview|exp)/.test(name) ? 2 : 1)
  return models.toSorted((a, b) => rank(a) - rank(b) || b.name.localeCompare(a.name))[0]
}

/** Media types of input images. [D] */
const TYPES = ['image/png', 'image/jpeg', 'image/webp']

function createInput(role: ModelInput['role'], max: number): ModelInput {
  return { role, min: 0, max, maxBytes: MAX_IMAGE_BYTES, types: TYPES, needsPublicUrl: false }
}

const COMMON = {
  maxOutputs: LIMITS.outputs,
  outputsPerCall: 1,
  mask: 'none',
  previews: false,
  progress: false,
} satisfies Partial<ModelSpec>

/** Characters of a prompt. The smallest model takes 65,536 tokens [D]; how many characters that are is [U]. */
const PROMPT_CHARACTERS = 32_000
/** Google stores interactions for at least a day, longer for paid accounts. [U] */
const INTERACTION_SECONDS = 86_400

function createImageSpec(
  name: string,
  model: ImageModel,
  source: ModelSpec['source'],
  { connection, today, takesBackground }: SpecOptions,
): ModelSpec {
  const isBackground = takesBackground(name)
  return {
    ...COMMON,
    id: `${connection}/${name}`,
    connection,
    name: model.name,
    note: model.note,
    kind: 'image',
    operations: ['generate', 'edit'],
    sizes: { kind: 'ratio', ratios: [...model.ratios], tiers: toTiers(model.tiers, IMAGE_TIERS), auto: true },
    durations: [],
    inputs: [createInput('reference', model.maxReferences)],
    promptCharacters: PROMPT_CHARACTERS,
    seed: null,
    negativePrompt: false,
    settings: model.thinking.length === 0 ? {} : { thinking: createThinking(model.thinking) },
    price: model.price === null ? { kind: 'unknown' } : createImagePrice(model.price),
    answers: isBackground ? 'job' : 'at-once',
    resume: isBackground ? 'by-id' : 'no',
    cancel: 'billed',
    outputSeconds: isBackground ? INTERACTION_SECONDS : null,
    // The dates are the earliest ones: what is listed after that day is still there.
    retiresAt: model.retiresAt !== null && model.retiresAt > today ? model.retiresAt : null,
    source,
    estimatedSeconds: model.estimatedSeconds,
    estimatedSecondsEach: 2,
    maxSeconds: 600,
  }
}

/** Videos are removed after two days. [D ai.google.dev/gemini-api/docs/video] */
export const VIDEO_STORED_SECONDS = 172_800

function createVideoSpec(name: string, model: VideoModel, { connection }: SpecOptions): ModelSpec {
  return {
    ...COMMON,
    id: `${connection}/${name}`,
    connection,
    name: model.name,
    note: model.note,
    kind: 'video',
    operations: ['generate', 'animate'],
    sizes: { kind: 'ratio', ratios: ['16:9', '9:16'], tiers: toTiers(model.tiers, VIDEO_TIERS), auto: false },
    durations: [...VIDEO_SECONDS],
    inputs: [createInput('first-frame', 1), ...(model.lastFrame ? [createInput('last-frame', 1)] : [])],
    // 1,024 tokens [D, third party]; how many characters that are is [U].
    promptCharacters: 4_000,
    seed: { min: 0, max: 4_294_967_295 },
    negativePrompt: true,
    settings: {},
    price: createVideoPrice(model),
    answers: 'job',
    resume: 'by-id',
    cancel: 'no',
    outputSeconds: VIDEO_STORED_SECONDS,
    retiresAt: null,
    source: 'catalogue',
    estimatedSeconds: model.estimatedSeconds,
    estimatedSecondsEach: 5,
    maxSeconds: 1_800,
  }
}

function toTiers(names: readonly string[], sides: Readonly<Record<string, number>>) {
  return names.map(name => ({ name, side: sides[name] ?? 1_024 }))
}

function createThinking(levels: readonly string[]): Setting {
  const description = 'How much it plans before it draws. Its thoughts are billed. Absent: Google decides.'
  return { type: 'string', title: 'Thinking', enum: [...levels], description, 'x-order': 0 }
}

/** Returns the price by tier. A tier may also be chosen by its side; an output of size `auto` is of 1K. */
function createImagePrice({ input, textOutput, imageOutput, tiers }: ImagePrice): Price {
  const rows = Object.entries(tiers).flatMap(([tier, micros]) => [
    [tier, micros],
    [String(IMAGE_TIERS[tier]), micros],
    ...(tier === '1K' ? [['auto', micros]] : []),
  ])
  return {
    kind: 'tokens',
    currency: 'USD',
    by: ['resolution'],
    rows: Object.fromEntries(rows),
    perMillion: { input, text_output: textOutput, image_output: imageOutput },
  }
}

function createVideoPrice({ perSecond }: VideoModel): Price {
  const rows = Object.entries(perSecond).flatMap(([tier, micros]) =>
    (tier === '720p' ? VIDEO_SECONDS : [LARGE_VIDEO_SECONDS]).flatMap(seconds => [
      [`${tier} ${seconds}`, micros * seconds],
      [`${VIDEO_TIERS[tier]} ${seconds}`, micros * seconds],
    ]),
  )
  return { kind: 'table', currency: 'USD', by: ['resolution', 'duration'], rows: Object.fromEntries(rows) }
}
