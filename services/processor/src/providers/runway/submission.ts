import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'
import { findModel, type RunwayModel } from './catalogue.ts'
import { MAX_IMAGE_BYTES } from './model-specs.ts'

/** A submission: where it is posted, and its body. */
export interface Submission {
  path: string
  body: Record<string, unknown>
}

/**
 * Builds the submission of one output.
 *
 * @throws ProviderError for what is known not to be taken: nothing is sent then
 * @see npm @runwayml/sdk@4.20.1: TextToImageCreateParams, ImageToVideoCreateParams, TextToVideoCreateParams, ImageUpscaleCreateParams [S]
 */
export function createSubmission(request: ProviderRequest): Submission {
  const model = findModel(request.model)
  if (!model) throw new ProviderError('model_unknown')
  assertInputs(model, request)
  const path = request.references.length > 0 ? model.endpoints.image : model.endpoints.text
  if (path === null) throw new ProviderError('reference_refused', { message: 'This model needs a picture.' })
  const hasPrompt = model.prompt !== 'none' && request.prompt.trim() !== ''
  const [defaultSeconds] = model.durations
  return {
    path,
    body: {
      model: model.wireName,
      ...(hasPrompt && { promptText: request.prompt }),
      ...createImages(model, request.references),
      ...(model.sizes.kind === 'list' && { ratio: formatRatio(model, request) }),
      ...(defaultSeconds !== undefined && { duration: request.duration ?? defaultSeconds }),
      ...(model.seed && { seed: request.seed }),
      ...(model.negativePrompt && request.negativePrompt !== undefined && { negativePrompt: request.negativePrompt }),
      ...chooseSettings(model, request),
      ...model.fixed,
    },
  }
}

/** @throws ProviderError `reference_refused`; `setting_refused` */
function assertInputs({ inputs, prompt }: RunwayModel, request: ProviderRequest): void {
  const { references } = request
  for (const { role, min, max } of inputs) {
    const count = references.filter(reference => reference.role === role).length
    if (count < min) throw refuse('This model needs a picture.')
    if (count > max) throw refuse('These are more pictures than the model takes.')
  }
  if (references.some(({ role }) => !inputs.some(input => input.role === role)))
    throw refuse('This model does not take a picture like this one.')
  const hasRole = (role: ProviderReference['role']) => references.some(reference => reference.role === role)
  if (hasRole('last-frame') && !hasRole('first-frame')) throw refuse('A last frame needs a first one.')
  if (references.some(({ bytes }) => bytes.byteLength > MAX_IMAGE_BYTES))
    throw refuse('Runway takes pictures of at most 3.9 MB. Use a smaller one.')
  const needsPrompt = prompt === 'needed' || (prompt === 'text' && references.length === 0)
  if (needsPrompt && request.prompt.trim() === '')
    throw new ProviderError('setting_refused', { message: 'This model needs a prompt.' })
}

function refuse(message: string): ProviderError {
  return new ProviderError('reference_refused', { message })
}

/** @throws ProviderError `setting_refused` for a ratio that needs a picture */
function formatRatio({ textRatios }: RunwayModel, { width, height, references }: ProviderRequest): string {
  const ratio = `${width}:${height}`
  if (textRatios === null || references.length > 0 || textRatios.includes(ratio)) return ratio
  const sizes = textRatios.map(allowed => allowed.replace(':', 'x')).join(' or ')
  throw new ProviderError('setting_refused', { message: `Without a first frame this model makes ${sizes} only.` })
}

/** Pictures are sent as data URIs. Those of a video have a position, where there are two; others a name for the prompt. */
function createImages({ imageField }: RunwayModel, references: readonly ProviderReference[]): Record<string, unknown> {
  const [first] = references
  if (first === undefined) return {}
  if (imageField === 'imageUri') return { imageUri: toDataUri(first) }
  if (imageField === 'referenceImages')
    return { referenceImages: references.map((image, at) => ({ uri: toDataUri(image), tag: `image${at + 1}` })) }
  if (references.length === 1) return { promptImage: toDataUri(first) }
  const toFrame = (image: ProviderReference) => ({
    uri: toDataUri(image),
    position: image.role === 'last-frame' ? 'last' : 'first',
  })
  return { promptImage: references.map(toFrame) }
}

function toDataUri({ bytes, mimeType }: ProviderReference): string {
  return `data:${mimeType};base64,${bytes.toBase64()}`
}

function chooseSettings({ settings: known }: RunwayModel, { settings }: ProviderRequest): Record<string, unknown> {
  const chosen = Object.keys(known).flatMap((name): [string, unknown][] => {
    const value = settings[name]
    if (value === undefined) return []
    return [name === 'publicFigureThreshold' ? ['contentModeration', { [name]: value }] : [name, value]]
  })
  return Object.fromEntries(chosen)
}
