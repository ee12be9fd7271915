import type { ImageLimits } from '../check-image.ts'
import { MediaError } from '../media-error.ts'
import type { Range } from './range-reader.ts'

/** Depth of an inspection. `structure`: what a PNG inflates to is not counted, which takes as long as decoding. `data`: it is. */
export type InspectionDepth = 'structure' | 'data'

/** A range of a file, or bytes that replace one. */
export type ImagePart = Range | Uint8Array

/** The properties of an image that its structure states, and the parts of the file that a decoder needs. */
export interface ImageLayout {
  /** Pixels, as stored: not turned upright. */
  width: number
  height: number
  /** 1 for a still image. */
  frames: number
  /** Upper estimate of the memory that a decoder needs, in bytes. */
  decodedBytes: number
  /** Upper estimate of what is inflated beside the pixels, in bytes. Absent: nothing. */
  excessBytes?: number
  /** Ranges in the order of the file. */
  parts: ImagePart[]
}

/** Longest edge in pixels. Pages that are stored as one image are shorter; a decoder needs memory for whole rows. */
export const MAX_EDGE = 100_000

/** Largest colour profile in bytes. Those for printing that are in use have less than 4 MB. */
export const MAX_PROFILE_BYTES = 8_000_000

/** Largest number of chunks, segments or boxes of one file. */
export const MAX_PARTS = 40_000

/** Largest number of frames of an animation. */
export const MAX_FRAMES = 10_000

/** @throws MediaError if an image of these dimensions is not accepted */
export function assertDimensions(width: number, height: number, limits: Pick<ImageLimits, 'pixels'>): void {
  if (width === 0 || height === 0) throw createDamagedImageError()
  if (width * height > limits.pixels) throw new MediaError('unfit', `has more than ${limits.pixels / 1e6} megapixels`)
  if (Math.max(width, height) > MAX_EDGE)
    throw new MediaError('unfit', `is more than ${MAX_EDGE.toLocaleString('en')} pixels wide or high`)
}

/** @throws MediaError if a file has too many parts of its structure */
export function assertPartCount(count: number): void {
  if (count > MAX_PARTS) throw new MediaError('unfit', `is made of more than ${MAX_PARTS.toLocaleString('en')} parts`)
}

/** @throws MediaError if an animation has too many frames */
export function assertFrameCount(count: number): void {
  if (count > MAX_FRAMES) throw new MediaError('unfit', `has more than ${MAX_FRAMES.toLocaleString('en')} frames`)
}

/** @throws MediaError if a colour profile is too large */
export function assertProfileBytes(bytes: number): void {
  if (bytes > MAX_PROFILE_BYTES)
    throw new MediaError('unfit', `has a colour profile of more than ${MAX_PROFILE_BYTES / 1e6} MB`)
}

export function createDamagedImageError(options?: ErrorOptions): MediaError {
  return new MediaError('damaged', 'is damaged or cut short', options)
}

/** Appends a part; a range that continues the one before extends it. */
export function appendPart(parts: ImagePart[], part: ImagePart): void {
  const last = parts.at(-1)
  const isContinued = !(part instanceof Uint8Array || last === undefined || last instanceof Uint8Array)
  if (isContinued && last.end === part.start) last.end = part.end
  else parts.push(part instanceof Uint8Array ? part : { ...part })
}
