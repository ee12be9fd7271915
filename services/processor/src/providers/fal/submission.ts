import type { Scalar } from '@darkroom/contracts/parameters'
import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'
import { CATALOGUE, toFalModel } from './catalogue.ts'
import type { FalModel, FalRoute } from './fal-model.ts'

/** A submission: the endpoint it is posted to, and the input of its model. */
export interface FalSubmission {
  endpoint: string
  input: Record<string, unknown>
}

/** Names of settings that may be sent: those that are built here are not among them. */
const SETTING_NAME = /^[a-z][a-z0-9_]{0,59}$/

/** Builds the submission of one output. @throws ProviderError for what the model does not take: nothing is sent then */
export function createSubmission(request: ProviderRequest): FalSubmission {
  const id = toFalModel(request.model)
  const model = Object.hasOwn(CATALOGUE, id) ? CATALOGUE[id] : undefined
  if (!model) throw new ProviderError('model_unknown')
  const route = findRoute(model, request)
  return {
    endpoint: route.endpoint,
    input: {
      prompt: request.prompt,
      ...createImageFields(route, request.references),
      ...createSizeFields(model, request),
      ...(model.seed && { seed: request.seed }),
      ...(model.negativePrompt && request.negativePrompt && { negative_prompt: request.negativePrompt }),
      ...(request.duration !== undefined &&
        model.durations.length > 0 && { duration: `${request.duration}${model.durationUnit}` }),
      ...createSettings(request.settings),
    },
  }
}

/** Returns the route of a request, by its images. @throws ProviderError */
function findRoute({ routes }: FalModel, { references }: ProviderRequest): FalRoute {
  const has = (role: ProviderReference['role']) => references.some(reference => reference.role === role)
  if (has('mask')) return routes.inpaint ?? refuse('This model takes no mask.')
  if (has('last-frame') && routes.between && has('first-frame')) return routes.between
  if (has('last-frame') && !routes.animate?.lastImage)
    return refuse('This model takes a last frame with a first one only.')
  if (has('last-frame') || has('first-frame')) return routes.animate ?? refuse('This model takes no frames.')
  if (references.length > 0) return routes.edit ?? refuse('This model takes no reference images.')
  return routes.generate ?? refuse('This model needs an image.')
}

function refuse(message: string): never {
  throw new ProviderError('reference_refused', { message })
}

/** Returns the fields of images, as data URLs: fal takes them wherever it takes a URL. [S] */
function createImageFields(route: FalRoute, references: readonly ProviderReference[]): Record<string, unknown> {
  const mask = references.find(({ role }) => role === 'mask')
  const last = references.find(({ role }) => role === 'last-frame')
  const images = references.filter(reference => reference !== mask && reference !== last)
  const [first] = images
  if (route.image && !first) return refuse('This model needs an image.')
  return {
    ...(route.image && first && { [route.image]: toDataUrl(first) }),
    ...(route.images && { [route.images]: images.map(toDataUrl) }),
    ...(route.lastImage && last && { [route.lastImage]: toDataUrl(last) }),
    ...(route.mask && mask && { [route.mask]: toDataUrl(mask) }),
  }
}

function toDataUrl({ bytes, mimeType }: ProviderReference): string {
  return `data:${mimeType};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`
}

/** Returns the fields of the size. None of them with `auto`: then it is the model's choice, or the size of the image that is changed. */
function createSizeFields(
  { sizeFields }: FalModel,
  { resolution, aspectRatio, width, height }: ProviderRequest,
): Record<string, unknown> {
  if (resolution === 'auto' || sizeFields === 'none') return {}
  if (sizeFields === 'image_size') return { image_size: { width, height } }
  return { aspect_ratio: aspectRatio, resolution }
}

function createSettings(settings: ProviderRequest['settings']): Record<string, Scalar> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => SETTING_NAME.test(name)))
}
