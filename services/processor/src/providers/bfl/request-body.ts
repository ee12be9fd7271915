import type { Scalar } from '@darkroom/contracts/parameters'
import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'
import type { CatalogueModel } from './catalogue.ts'
import { findModel } from './model-specs.ts'

/** A submission: its path, and what is sent. */
export interface Submission {
  path: string
  body: Record<string, Scalar>
}

/** Builds the submission of one output. Images are in it as base64 [D]. @throws ProviderError for what is known not to be taken */
export function createSubmission(request: ProviderRequest): Submission {
  const found = findModel(request.model)
  if (!found) throw new ProviderError('model_unknown')
  const { name, model } = found
  const body = {
    prompt: request.prompt,
    seed: request.seed,
    ...createSize(request, model),
    ...createSettings(request, model),
    ...createImages(request, model),
  }
  return { path: `/${name}`, body }
}

function createSize({ resolution, width, height, aspectRatio }: ProviderRequest, { sizes }: CatalogueModel) {
  if (resolution === 'auto' || sizes === 'source') return {}
  return sizes === 'ratio' || sizes === 'ratio-4mp' ? { aspect_ratio: aspectRatio } : { width, height }
}

function createSettings({ settings }: ProviderRequest, model: CatalogueModel): Record<string, Scalar> {
  const names = [...model.settings, 'output_format', 'safety_tolerance']
  return Object.fromEntries(
    names.flatMap(name => {
      const value = settings[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** Returns the fields of the images: `input_image`, `input_image_2`, … or `image` and `mask`, of which white is changed [D]. */
function createImages({ references }: ProviderRequest, model: CatalogueModel): Record<string, string> {
  const mask = references.find(({ role }) => role === 'mask')
  const images = references.filter(({ role }) => role !== 'mask')
  if (model.isFill) return createFillImages(images, mask)
  if (mask) throw refuse('This model takes no mask: use FLUX.1 Fill.')
  if (images.length > model.references) throw refuse(`This model takes at most ${model.references} reference images.`)
  return Object.fromEntries(
    images.map((image, position) => [position === 0 ? 'input_image' : `input_image_${position + 1}`, encode(image)]),
  )
}

function createFillImages([image, ...others]: readonly ProviderReference[], mask: ProviderReference | undefined) {
  if (!image || !mask || others.length > 0) throw refuse('This model takes one image, and a mask of what is changed.')
  return { image: encode(image), mask: encode(mask) }
}

function encode({ bytes }: ProviderReference): string {
  return bytes.toBase64()
}

function refuse(message: string): ProviderError {
  return new ProviderError('reference_refused', { message })
}
