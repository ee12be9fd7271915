import { ProviderError, type ProviderRequest } from '../adapter.ts'
import type { ModelPlan } from './model-plan.ts'

/** The URL of an uploaded input image, for each reference of a request, in its order. */
export type UploadedImages = readonly string[]

/**
 * Builds the input of a prediction. The seed is sent as it is: it is another one for each call.
 *
 * @throws ProviderError `reference_refused` for images that the model takes no longer
 */
export function createInput(
  plan: ModelPlan,
  request: ProviderRequest,
  images: UploadedImages,
): Record<string, unknown> {
  const { prompt, negativePrompt, seed, duration, count, size } = plan
  const [shortest] = duration?.field.isRequired ? duration.values.values() : []
  const seconds = request.duration === undefined ? shortest : duration?.values.get(request.duration)
  return {
    ...request.settings,
    ...(count && { [count.name]: 1 }),
    ...(prompt && { [prompt.name]: request.prompt }),
    ...(negativePrompt && request.negativePrompt !== undefined && { [negativePrompt.name]: request.negativePrompt }),
    ...(seed && { [seed.name]: request.seed }),
    ...(duration && seconds !== undefined && { [duration.field.name]: seconds }),
    ...size.fill(request),
    ...fillImages(plan, request, images),
  }
}

function fillImages(
  { images: inputs }: ModelPlan,
  { references }: ProviderRequest,
  uploaded: UploadedImages,
): Record<string, string | string[]> {
  const waiting = references.map(({ role }, at) => ({ role, url: uploaded[at] ?? '' }))
  const filled: Record<string, string | string[]> = {}
  for (const { role, field, max } of inputs) {
    const taken = waiting.filter(image => image.role === role).slice(0, max)
    for (const image of taken) waiting.splice(waiting.indexOf(image), 1)
    const [first] = taken
    if (first) filled[field.name] = field.type === 'files' ? taken.map(({ url }) => url) : first.url
  }
  const [left] = waiting
  if (left) throw new ProviderError('reference_refused', { message: `The model takes no such image: ${left.role}.` })
  return filled
}
