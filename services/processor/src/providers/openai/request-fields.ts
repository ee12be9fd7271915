import type { Scalar } from '@darkroom/contracts/parameters'
import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'

/** Settings that are sent as they are. `moderation` is not among the fields of an edit [S CreateImageEditRequest]. */
const FIELDS = ['quality', 'complexity', 'background', 'output_format', 'output_compression'] as const
const GENERATE_FIELDS = [...FIELDS, 'moderation'] as const
const EDIT_FIELDS = [...FIELDS, 'input_fidelity'] as const

const MAX_IMAGES = 16
const MAX_IMAGE_BYTES = 50_000_000
const MAX_MASK_BYTES = 4_000_000

/** Returns the fields of a request that are the same in all of OpenAI's APIs: the size, and the settings that it takes. */
export function createFields(request: ProviderRequest): Record<string, Scalar> {
  const names = request.references.length > 0 ? EDIT_FIELDS : GENERATE_FIELDS
  const chosen = names.flatMap(name => {
    const value = request.settings[name]
    return value === undefined || (name === 'output_compression' && !isCompressed(request)) ? [] : [[name, value]]
  })
  return { size: formatSize(request), ...Object.fromEntries(chosen) }
}

function isCompressed({ settings }: ProviderRequest): boolean {
  return settings.output_format === 'jpeg' || settings.output_format === 'webp'
}

function formatSize({ resolution, width, height }: ProviderRequest): string {
  return resolution === 'auto' ? 'auto' : `${width}x${height}`
}

/** The input images of a request. */
export interface RequestImages {
  images: readonly ProviderReference[]
  mask: ProviderReference | undefined
}

/** Returns the input images of a request. @throws ProviderError for what OpenAI is known not to take: nothing is sent then */
export function getImages({ references }: ProviderRequest): RequestImages {
  const images = references.filter(({ role }) => role !== 'mask')
  const mask = references.find(({ role }) => role === 'mask')
  const isTooLarge = images.some(({ bytes }) => bytes.byteLength >= MAX_IMAGE_BYTES)
  if (images.length > MAX_IMAGES) throw refuse(`OpenAI takes at most ${MAX_IMAGES} reference images.`)
  if (isTooLarge) throw refuse('OpenAI takes reference images of less than 50 MB.')
  if (mask && mask.bytes.byteLength >= MAX_MASK_BYTES)
    throw refuse('The mask is larger than the 4 MB that OpenAI takes. Use a smaller image.')
  return { images, mask }
}

function refuse(message: string): ProviderError {
  return new ProviderError('reference_refused', { message })
}
