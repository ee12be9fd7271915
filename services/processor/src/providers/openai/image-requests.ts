import type { ProviderReference, ProviderRequest } from '../adapter.ts'
import { PARTIAL_IMAGES, toProviderModel } from './model-specs.ts'
import { createFields, getImages } from './request-fields.ts'

/** A submission: where it is posted, and its body. */
export interface Submission {
  path: string
  body: unknown
}

/**
 * Builds the submission of one output to the images API: JSON, or a form where there are input images. `response_format` is never
 * sent: the models always answer in base64, and refuse it. Previews are billed: they are requested only where the user chose them and
 * somebody watches. @see CreateImageRequest, CreateImageEditRequest [S]
 */
export function createImageSubmission(request: ProviderRequest, { previews = false } = {}): Submission {
  const stream = previews && request.settings.previews === true ? { stream: true, partial_images: PARTIAL_IMAGES } : {}
  const model = toProviderModel(request.model)
  const fields = { model, prompt: request.prompt, n: 1, ...createFields(request), ...stream }
  if (request.references.length === 0) return { path: '/images/generations', body: fields }
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value))
  const { images, mask } = getImages(request)
  for (const [index, image] of images.entries()) form.append('image[]', ...toFile(image, `image-${index + 1}`))
  if (mask) form.append('mask', ...toFile(mask, 'mask'))
  return { path: '/images/edits', body: form }
}

function toFile({ bytes, mimeType }: ProviderReference, name: string): [Blob, string] {
  const blob = new Blob([Uint8Array.from(bytes)], { type: mimeType })
  return [blob, `${name}.${mimeType.slice(mimeType.indexOf('/') + 1)}`]
}
