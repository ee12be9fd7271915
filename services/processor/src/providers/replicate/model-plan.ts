import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec, Operation, Setting } from '@darkroom/contracts/model'
import type { CatalogueModel } from './catalogue.ts'
import { findImageInputs, type ImageInput, isFillingModel } from './image-inputs.ts'
import type { InputField } from './input-schema.ts'
import { toSettings } from './setting-fields.ts'
import { findSizeFields, type SizeFields } from './size-fields.ts'

/** The meaning of a model's inputs: what is offered of it, and how a request fills them. */
export interface ModelPlan {
  prompt: InputField | undefined
  negativePrompt: InputField | undefined
  seed: InputField | undefined
  duration: { field: InputField; values: ReadonlyMap<number, string | number> } | undefined
  /** The input for the number of outputs, where a call would make several unless it says one. */
  count: InputField | undefined
  images: ImageInput[]
  size: SizeFields
  settings: Record<string, Setting>
  operations: Operation[]
}

const PROMPT = /^(?:prompt|text_prompt)$/
const DURATION = /^(?:duration|duration_seconds|seconds)$/
/** One call makes one output, so that an answer that is lost costs one. */
const COUNT =
  /^(?:num_outputs|num_images|number_of_images|num_samples|n|batch_size|max_images|sequential_image_generation)$/

/**
 * Plans how the inputs of a model are used. Undefined where one is required that the studio cannot fill, or where nothing can be done with
 * the model.
 */
export function planModel(model: CatalogueModel, allFields: readonly InputField[]): ModelPlan | undefined {
  const { kind, operation, mask, omitted = [] } = model
  const fields = allFields.filter(({ name }) => !omitted.includes(name))
  const images = findImageInputs(fields, { kind, isChange: operation !== undefined, hasMask: mask !== undefined })
  const size = findSizeFields(fields, { kind, isUpscaling: operation === 'upscale' })
  const prompt = fields.find(({ name, type }) => PROMPT.test(name) && type === 'string')
  const negativePrompt = fields.find(({ name, type }) => name === 'negative_prompt' && type === 'string')
  const seed = fields.find(({ name, type }) => name === 'seed' && (type === 'integer' || type === 'number'))
  const duration = findDuration(fields)
  const used = [prompt, negativePrompt, seed, duration?.field, ...images.map(({ field }) => field)]
  const rest = fields.filter(
    field => !used.includes(field) && !size.names.includes(field.name) && !COUNT.test(field.name),
  )
  const settings = toSettings(rest)
  const isFilled = ({ name, isRequired }: InputField) => !isRequired || Object.hasOwn(settings, name)
  const operations = listOperations(model, images, prompt)
  const isUsable =
    rest.every(isFilled) && allFields.every(({ name, isRequired }) => !isRequired || !omitted.includes(name))
  if (!isUsable || operations.length === 0) return undefined
  return { prompt, negativePrompt, seed, duration, count: findCount(fields), images, size, settings, operations }
}

/** Seeds that every model takes: those of 32 bits with a sign. */
const MAX_SEED = 2_147_483_647

/** Returns the range of a seed; null for a model that takes none. */
export function toSeedRange(seed: InputField | undefined): ModelSpec['seed'] {
  if (!seed) return null
  const min = Math.max(0, Math.ceil(seed.minimum ?? 0))
  const max = Math.min(Number.MAX_SAFE_INTEGER, Math.floor(seed.maximum ?? MAX_SEED))
  return min < max ? { min, max } : null
}

/** Returns the longest prompt of a model, in characters. */
export function toPromptLength(prompt: InputField | undefined): number {
  return Math.max(1, Math.min(LIMITS.promptCharacters, prompt?.maxLength ?? LIMITS.promptCharacters))
}

function listOperations(
  { kind, operation }: CatalogueModel,
  images: readonly ImageInput[],
  prompt: InputField | undefined,
): Operation[] {
  const hasImage = images.some(({ role }) => role !== 'mask')
  if (operation !== undefined) return hasImage ? [operation] : []
  if (!prompt) return []
  const isFilling = isFillingModel(images)
  const isGenerating = images.every(({ role, field }) => role === 'mask' || !field.isRequired)
  const generating: Operation[] = isGenerating ? ['generate'] : []
  if (kind === 'video')
    return [...generating, ...(images.some(({ role }) => role === 'first-frame') ? (['animate'] as const) : [])]
  const isEditing = !isFilling && images.some(({ role }) => role === 'reference')
  const hasMask = images.some(({ role }) => role === 'mask') && hasImage
  return [...generating, ...(isEditing ? (['edit'] as const) : []), ...(hasMask ? (['inpaint'] as const) : [])]
}

const MAX_DURATIONS = 30

function findDuration(fields: readonly InputField[]): ModelPlan['duration'] {
  const field = fields.find(({ name }) => DURATION.test(name))
  if (!field) return undefined
  const values = new Map<number, string | number>()
  for (const value of listDurations(field)) {
    const seconds = Number(/^(\d{1,3})(?:s| seconds?)?$/.exec(String(value))?.[1] ?? 0)
    if (seconds > 0 && values.size < MAX_DURATIONS && !values.has(seconds)) values.set(seconds, value)
  }
  return values.size === 0 ? undefined : { field, values }
}

function listDurations({ type, options, minimum, maximum, default: value }: InputField): (string | number)[] {
  if (options.length > 0) return options
  const first = typeof value === 'string' || typeof value === 'number' ? [value] : []
  if (type !== 'integer' || maximum === undefined || maximum > 120) return first
  // Without a shortest one only the length that is usual is known to be taken, and the longest.
  if (minimum === undefined) return [...new Set([...first, maximum])].toSorted((a, b) => Number(a) - Number(b))
  return Array.from(
    { length: Math.max(0, Math.floor(maximum) - Math.ceil(minimum) + 1) },
    (_, at) => Math.ceil(minimum) + at,
  )
}

/** Finds the input for a number of outputs, which is filled where the model would make more than one by itself, or wants to be told. */
function findCount(fields: readonly InputField[]): InputField | undefined {
  return fields.find(
    ({ name, type, default: value, isRequired }) =>
      COUNT.test(name) && type === 'integer' && (isRequired || (typeof value === 'number' && value > 1)),
  )
}
