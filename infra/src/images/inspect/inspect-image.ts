import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import { checkFormat, type ImageLimits } from '../check-image.ts'
import type { ImageFormat } from '../image-formats.ts'
import { MediaError } from '../media-error.ts'
import type { MediaInput } from '../media-input.ts'
import { inspectAvif } from './avif.ts'
import { inspectGif } from './gif.ts'
import { createDamagedImageError, type ImageLayout, type InspectionDepth } from './image-layout.ts'
import { inspectJpeg } from './jpeg.ts'
import { inspectPng } from './png.ts'
import { openRangeReader, type RangeReader } from './range-reader.ts'
import { inspectWebp } from './webp.ts'

/** The properties of an image that its structure states, before any decoder has seen it. */
export interface InspectedImage extends ImageFormat, ImageLayout {}

/** The longest edge that WebP supports. */
const MAX_PREVIEW_EDGE = 16_383

const INSPECTORS: Record<
  string,
  (reader: RangeReader, limits: ImageLimits, depth: InspectionDepth) => Promise<ImageLayout>
> = {
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
export async function inspectImage(
  input: MediaInput,
  limits: ImageLimits,
  depth: InspectionDepth = 'data',
): Promise<InspectedImage> {
  const format = await checkFormat(input, limits)
  const inspect = INSPECTORS[format.mimeType]
  if (!inspect) throw createDamagedImageError()
  try {
    const layout = await inspect(openRangeReader(input), limits, depth)
    const decodedBytes = layout.decodedBytes + estimatePreviewBytes(layout)
    assertDecodedBytes(decodedBytes, limits)
    return { ...format, ...layout, decodedBytes }
  } catch (error) {
    // A number of the structure that would be beyond the end of the file.
    throw error instanceof RangeError ? createDamagedImageError() : error
  }
}

function assertDecodedBytes(
  decodedBytes: number,
  { decodedBytes: most = Number.POSITIVE_INFINITY }: ImageLimits,
): void {
  if (decodedBytes > most)
    throw new MediaError(
      'unfit',
      `needs more than ${most / 1e6} MB of memory to be decoded: save it as a JPEG, or smaller`,
    )
}

/** Estimates the memory for the pixels that previews are made of, in bytes: four samples each, and a few copies of them. */
function estimatePreviewBytes({ width, height }: ImageLayout): number {
  // Either edge may be the width, upright.
  const [short, long] = [Math.min(width, height), Math.max(width, height)]
  const scale = Math.min(1, Math.max(...PREVIEW_WIDTHS) / short, MAX_PREVIEW_EDGE / long)
  return Math.ceil(width * scale * height * scale) * 4 * 3
}
