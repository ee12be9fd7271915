import type { Kind } from '@darkroom/contracts/enums'
import { type DecodedImage, type ImageLimits, type MediaInput, readImage, sniffImageType } from './image.ts'
import { MediaError } from './media-error.ts'
import { readVideo, sniffVideo } from './video/video.ts'

/** What an output really is, told by its bytes, and what is kept beside it. */
export interface Media extends Omit<DecodedImage, 'placeholder'> {
  kind: Kind
  /** thumbhash, base64; null for a video, of which no picture is made */
  placeholder: string | null
  /** in seconds; null for a picture, and where a video does not say */
  duration: number | null
}

export interface MediaLimits {
  image: ImageLimits
  videoBytes: number
}

const START_BYTES = 64

/**
 * Makes sure that an output is whole, a picture by decoding it and a video by the sizes it is made of.
 *
 * @throws PictureError or MediaError if it is not, or is nothing that we keep
 */
export async function readMedia(source: MediaInput, limits: MediaLimits): Promise<Media> {
  const start = source instanceof Uint8Array ? source : await Bun.file(source.path).slice(0, START_BYTES).bytes()
  const container = sniffVideo(start)
  if (container === undefined) return { ...(await readImage(source, limits.image)), kind: 'image', duration: null }
  const size = source instanceof Uint8Array ? source.byteLength : source.bytes
  if (size > limits.videoBytes) throw createTooLargeError(limits.videoBytes)
  return { ...(await readVideo(source, container)), kind: 'video', placeholder: null, previews: [] }
}

/** How large that which begins so may be. @throws MediaError if it is neither a picture nor a video */
export function getMaxBytes(start: Uint8Array, limits: MediaLimits): number {
  if (sniffImageType(start)) return limits.image.bytes
  if (sniffVideo(start)) return limits.videoBytes
  throw new MediaError('unfit', 'is neither a picture nor a video')
}

export function createTooLargeError(maxBytes: number): MediaError {
  return new MediaError('unfit', `is larger than ${maxBytes / 1e6} MB`)
}
