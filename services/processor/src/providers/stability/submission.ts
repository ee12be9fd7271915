import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'
import { findModel, type ImageField, type StabilityModel } from './catalogue.ts'
import { MAX_FORM_BYTES } from './model-specs.ts'

/** A submission: where it is posted, and its form. All endpoints take multipart forms only [D]. */
export interface Submission {
  path: string
  body: FormData
}

const MAX_PARTS_BYTES = MAX_FORM_BYTES - 100_000

/**
 * Builds the submission of one output.
 *
 * @throws ProviderError for what is known not to be taken: nothing is sent then
 */
export function createSubmission(request: ProviderRequest): Submission {
  const model = findModel(request.model)
  if (!model) throw new ProviderError('model_unknown')
  const files = assignImages(model, request.references)
  assertComplete(model, request, files)
  const form = new FormData()
  for (const [name, value] of Object.entries(createFields(model, request, files))) form.append(name, String(value))
  for (const [name, image] of files) form.append(name, ...toFile(image, name))
  return { path: `/v2beta/stable-image${model.path}`, body: form }
}

type Files = ReadonlyMap<string, ProviderReference>

/** Assigns the input images to the fields of a form: those of a role in order. @throws ProviderError `reference_refused` */
function assignImages({ images }: StabilityModel, references: readonly ProviderReference[]): Files {
  const left = [...references]
  const files = new Map<string, ProviderReference>()
  for (const { role, field, isRequired } of images) {
    const at = left.findIndex(reference => reference.role === role)
    const [image] = at === -1 ? [] : left.splice(at, 1)
    if (image) files.set(field, image)
    else if (isRequired) throw new ProviderError('reference_refused', { message: describeMissing(role) })
  }
  if (left.length > 0)
    throw new ProviderError('reference_refused', { message: 'These are more pictures than the model takes.' })
  return files
}

function describeMissing(role: ImageField['role']): string {
  return role === 'mask' ? 'It needs a mask of the part that is changed.' : 'It needs a picture to change.'
}

/** @throws ProviderError `setting_refused`; `reference_refused` */
function assertComplete(model: StabilityModel, request: ProviderRequest, files: Files): void {
  const missing = model.needs.find(name => String(request.settings[name] ?? '').trim() === '')
  if (missing !== undefined)
    throw new ProviderError('setting_refused', { message: `Fill in “${model.settings[missing]?.title ?? missing}”.` })
  const needsPrompt = model.prompt === 'prompt' || (model.prompt !== null && !files.has('background_reference'))
  if (needsPrompt && request.prompt.trim() === '')
    throw new ProviderError('setting_refused', { message: 'This model needs a prompt.' })
  const bytes = [...files.values()].reduce((sum, image) => sum + image.bytes.byteLength, 0)
  if (bytes > MAX_PARTS_BYTES)
    throw new ProviderError('reference_refused', {
      message: 'The pictures are together larger than the 10 MB that Stability AI takes. Use smaller ones.',
    })
}

function createFields(
  model: StabilityModel,
  request: ProviderRequest,
  files: Files,
): Record<string, string | number | boolean> {
  const { prompt, negativePrompt, seed, aspectRatio } = request
  const startsFromImage = model.variant !== null && files.has('image')
  return {
    ...(model.prompt !== null && prompt.trim() !== '' && { [model.prompt]: prompt }),
    ...(model.negativePrompt && negativePrompt !== undefined && { negative_prompt: negativePrompt }),
    ...(model.variant !== null && { model: model.variant }),
    // Of Stable Diffusion 3.5 the ratio is for images without one to start from [D].
    ...(startsFromImage && { mode: 'image-to-image' }),
    ...(model.sizes.kind === 'ratio' && !startsFromImage && { aspect_ratio: aspectRatio }),
    ...(model.seed && { seed }),
    ...chooseSettings(model, request, files),
  }
}

function chooseSettings(
  { settings: known }: StabilityModel,
  { settings }: ProviderRequest,
  files: Files,
): ProviderRequest['settings'] {
  const hasLight = files.has('light_reference') || settings.light_source_direction !== undefined
  const isUsed = (name: string) =>
    (name !== 'strength' || files.has('image')) && (name !== 'light_source_strength' || hasLight)
  const chosen = Object.keys(known).flatMap(name => {
    const value = settings[name]
    return value === undefined || value === '' || !isUsed(name) ? [] : [[name, value] as const]
  })
  return Object.fromEntries(chosen)
}

function toFile({ bytes, mimeType }: ProviderReference, name: string): [Blob, string] {
  const blob = new Blob([Uint8Array.from(bytes)], { type: mimeType })
  return [blob, `${name}.${mimeType.slice(mimeType.indexOf('/') + 1)}`]
}
