import type { Kind } from '@darkroom/contracts/enums'
import { type Picture, type PictureLimits, type PictureSource, readPicture, sniffType } from './image.ts'
import { MediaError } from './media-error.ts'
import { readVideo, sniffVideo } from './video/video.ts'

/** What an output really is, told by its bytes, and what is kept beside it. */
export interface Media extends Omit<Picture, 'placeholder'> {
  kind: Kind
  /** thumbhash, base64; null for a video, of which no picture is made */
  placeholder: string | null
  /** in seconds; null for a picture, and where a video does not say */
  duration: number | null
}

export interface MediaLimits {
  picture: PictureLimits
  videoBytes: number
}

const START_BYTES = 64

/**
 * Makes sure that an output is whole, a picture by decoding it and a video by the sizes it is made of.
 *
 * @throws PictureError or MediaError if it is not, or is nothing that we keep
 */
export async function readMedia(source: PictureSource, limits: MediaLimits): Promise<Media> {
  const start = source instanceof Uint8Array ? source : await Bun.file(source.path).slice(0, START_BYTES).bytes()
  const container = sniffVideo(start)
  if (container === undefined) return { ...(await readPicture(source, limits.picture)), kind: 'image', duration: null }
  const size = source instanceof Uint8Array ? source.byteLength : source.bytes
  if (size > limits.videoBytes) throw tooLarge(limits.videoBytes)
  return { ...(await readVideo(source, container)), kind: 'video', placeholder: null, previews: [] }
}

/** How large that which begins so may be. @throws MediaError if it is neither a picture nor a video */
export function mostBytesOf(start: Uint8Array, limits: MediaLimits): number {
  if (sniffType(start)) return limits.picture.bytes
  if (sniffVideo(start)) return limits.videoBytes
  throw new MediaError('unfit', 'is neither a picture nor a video')
}

export function tooLarge(most: number): MediaError {
  return new MediaError('unfit', `is larger than ${most / 1e6} MB`)
}
