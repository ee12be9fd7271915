import type { Kind } from '@darkroom/contracts/enums'
import type { ImageLimits } from './check-image.ts'
import type { DecodeOptions, ImageDecoder } from './decoder/image-decoder.ts'
import type { DecodedImage } from './image.ts'
import { SIGNATURE_BYTES, sniffImageType } from './image-formats.ts'
import { MediaError } from './media-error.ts'
import { getByteLength, type MediaInput, readBytes } from './media-input.ts'
import { readVideo, sniffVideo, type VideoContainer } from './video/video.ts'

/** The true properties of an output, known from its bytes, with its previews and placeholder. */
export interface Media extends Omit<DecodedImage, 'placeholder'> {
  kind: Kind
  /** Of a video. */
  container: VideoContainer | null
  /** Thumbhash, base64; null for a video, of which no frame is decoded. */
  placeholder: string | null
  /** In seconds; null for an image, and for a video that does not state it. */
  duration: number | null
}

export interface MediaLimits {
  image: ImageLimits
  videoBytes: number
}

/**
 * Validates that an output is whole: an image by decoding it, a video by the sizes of its elements.
 *
 * @throws MediaError when it is damaged, too large or of no accepted kind
 */
export async function readMedia(
  images: Pick<ImageDecoder, 'read'>,
  input: MediaInput,
  limits: MediaLimits,
  options: DecodeOptions,
): Promise<Media> {
  const start = await readBytes(input, 0, SIGNATURE_BYTES)
  // An image comes first: the brands of an AVIF may be among those of MP4 as well.
  const container = sniffImageType(start) ? undefined : sniffVideo(start)
  if (container === undefined)
    return { ...(await images.read(input, limits.image, options)), kind: 'image', container: null, duration: null }
  if (getByteLength(input) > limits.videoBytes) throw createTooLargeError(limits.videoBytes)
  return { ...(await readVideo(input, container)), kind: 'video', container, placeholder: null, previews: [] }
}

/**
 * Returns the largest accepted size of a file, in bytes, by the kind that its first bytes indicate.
 *
 * @throws MediaError when it is neither an image nor a video
 */
export function getMaxBytes(start: Uint8Array, limits: MediaLimits): number {
  if (sniffImageType(start)) return limits.image.bytes
  if (sniffVideo(start)) return limits.videoBytes
  throw new MediaError('unfit', 'is neither a picture nor a video')
}

export function createTooLargeError(maxBytes: number): MediaError {
  return new MediaError('unfit', `is larger than ${maxBytes / 1e6} MB`)
}
