import { LIMITS } from '@darkroom/contracts/limits'
import { type ImageFormat, SIGNATURE_BYTES, sniffImageFormat } from './image-formats.ts'
import { MediaError } from './media-error.ts'
import { getByteLength, type MediaInput, readBytes } from './media-input.ts'

/** Largest accepted image. References of users have lower limits than outputs of providers. */
export interface ImageLimits {
  bytes: number
  pixels: number
  /** Memory that a decoder needs, by the estimate of the inspection. Unlimited unless given. */
  decodedBytes?: number
}

/** A photo of 50 megapixels needs 600 MB at most, as a progressive JPEG that has to be turned. What needs more is made for that. */
const REFERENCE_DECODED_BYTES = 640_000_000

export const REFERENCE_LIMITS: ImageLimits = {
  bytes: LIMITS.referenceBytes,
  pixels: LIMITS.referencePixels,
  decodedBytes: REFERENCE_DECODED_BYTES,
}

/** Limits of the images that providers send while they make an output. */
export const LIVE_PREVIEW_LIMITS: ImageLimits = { bytes: 24_000_000, pixels: 25_000_000, decodedBytes: 160_000_000 }

export const OUTPUT_LIMITS: ImageLimits = { bytes: 100_000_000, pixels: 100_000_000 }

/**
 * Checks an image by its size in bytes and its first bytes alone.
 *
 * @throws MediaError when it is empty, too large or of a format that is not accepted
 */
export async function checkFormat(input: MediaInput, limits: ImageLimits): Promise<ImageFormat> {
  assertByteSize(input, limits)
  const format = sniffImageFormat(await readBytes(input, 0, SIGNATURE_BYTES))
  if (!format) throw new MediaError('unfit', 'is not a PNG, JPEG, WebP, AVIF or GIF picture')
  return { mimeType: format.mimeType, extension: format.extension }
}

function assertByteSize(input: MediaInput, limits: ImageLimits): void {
  const bytes = getByteLength(input)
  if (bytes === 0) throw new MediaError('damaged', 'is empty')
  if (bytes > limits.bytes) throw new MediaError('unfit', `is larger than ${limits.bytes / 1e6} MB`)
}
