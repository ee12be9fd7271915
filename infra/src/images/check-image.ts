import { LIMITS } from '@darkroom/contracts/limits'
import { type ImageFormat, SIGNATURE_BYTES, sniffImageFormat } from './image-formats.ts'
import { MediaError } from './media-error.ts'
import { getByteLength, type MediaInput, readBytes } from './media-input.ts'
import { openImage } from './open-image.ts'

/** Largest accepted image. References of users have lower limits than outputs of providers. */
export interface ImageLimits {
  bytes: number
  pixels: number
}

export const REFERENCE_LIMITS: ImageLimits = { bytes: LIMITS.referenceBytes, pixels: LIMITS.referencePixels }

/** Bytes at the end of a file that are searched for the end of the image. Data appended to an image is shorter than that. */
const END_BYTES = 1024 * 1024

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

/**
 * Checks the dimensions that an image's header states, before anything is decoded.
 *
 * @returns the dimensions in pixels, upright
 * @throws MediaError when it has too many pixels; what sharp throws when the header is damaged
 */
export async function checkDimensions(
  input: MediaInput,
  limits: ImageLimits,
): Promise<{ width: number; height: number }> {
  const { width, height, autoOrient } = await openImage(input).metadata()
  if (width * height > limits.pixels) throw new MediaError('unfit', `has more than ${limits.pixels / 1e6} megapixels`)
  return { width: autoOrient.width, height: autoOrient.height }
}

/**
 * Checks that a PNG has its final chunk. The decoder accepts one that has all its pixels, although bytes were lost.
 *
 * @throws MediaError
 */
export async function checkPngEnd(input: MediaInput): Promise<void> {
  const size = getByteLength(input)
  const start = input instanceof Uint8Array ? 0 : Math.max(0, size - END_BYTES)
  const end = await readBytes(input, start, size)
  if (Buffer.from(end.buffer, end.byteOffset, end.byteLength).includes('IEND')) return
  throw new MediaError('damaged', 'is damaged or cut short')
}

function assertByteSize(input: MediaInput, limits: ImageLimits): void {
  const bytes = getByteLength(input)
  if (bytes === 0) throw new MediaError('damaged', 'is empty')
  if (bytes > limits.bytes) throw new MediaError('unfit', `is larger than ${limits.bytes / 1e6} MB`)
}
