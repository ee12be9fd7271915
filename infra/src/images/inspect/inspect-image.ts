import { checkFormat, type ImageLimits } from '../check-image.ts'
import type { ImageFormat } from '../image-formats.ts'
import type { MediaInput } from '../media-input.ts'
import { inspectAvif } from './avif.ts'
import { inspectGif } from './gif.ts'
import { createDamagedImageError, type ImageLayout } from './image-layout.ts'
import { inspectJpeg } from './jpeg.ts'
import { inspectPng } from './png.ts'
import { openRangeReader, type RangeReader } from './range-reader.ts'
import { inspectWebp } from './webp.ts'

/** The properties of an image that its structure states, before any decoder has seen it. */
export interface InspectedImage extends ImageFormat, ImageLayout {}

const INSPECTORS: Record<string, (reader: RangeReader, limits: ImageLimits) => Promise<ImageLayout>> = {
  'image/png': inspectPng,
  'image/jpeg': inspectJpeg,
  'image/webp': inspectWebp,
  'image/gif': inspectGif,
  'image/avif': inspectAvif,
}

/**
 * Checks the structure of an image before a decoder sees it: dimensions, number of parts and frames, and sizes of what is compressed. The
 * work is linear in the size of the file, and its memory is bounded, whatever headers state.
 *
 * @throws MediaError when its format is not accepted, or it is damaged, truncated or too large
 */
export async function inspectImage(input: MediaInput, limits: ImageLimits): Promise<InspectedImage> {
  const format = await checkFormat(input, limits)
  const inspect = INSPECTORS[format.mimeType]
  if (!inspect) throw createDamagedImageError()
  try {
    return { ...format, ...(await inspect(openRangeReader(input), limits)) }
  } catch (error) {
    // A number of the structure that would be beyond the end of the file.
    throw error instanceof RangeError ? createDamagedImageError() : error
  }
}
