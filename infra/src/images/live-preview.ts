import { LIMITS } from '@darkroom/contracts/limits'
import type { ImageLimits } from './check-image.ts'
import { decodeImage, IMAGE_TIMEOUT_SECONDS, openPixels, type Pixels } from './decode-image.ts'
import { MediaError } from './media-error.ts'
import type { MediaInput } from './media-input.ts'
import { PREVIEW_EFFORT } from './previews.ts'

/** Sizes and qualities in the order in which they are tried: noise of the first steps needs many times the bytes of an image. */
const VARIANTS = [
  { edge: LIMITS.livePreviewEdge, quality: 75 },
  { edge: LIMITS.livePreviewEdge, quality: 45 },
  { edge: 320, quality: 45 },
  { edge: 160, quality: 40 },
]

/**
 * Encodes an image of an output that is being made as a WebP of at most `LIMITS.livePreviewBytes`, with the least effort.
 *
 * @throws MediaError as `decodeImage` does
 */
export async function makeLivePreview(input: MediaInput, limits: ImageLimits): Promise<{ bytes: Uint8Array }> {
  const { pixels } = await decodeImage(input, limits)
  for (const variant of VARIANTS) {
    const bytes = await encodeVariant(pixels, variant)
    if (bytes.byteLength <= LIMITS.livePreviewBytes) return { bytes }
  }
  throw new MediaError('unfit', 'cannot be made small enough for a preview')
}

async function encodeVariant(pixels: Pixels, variant: (typeof VARIANTS)[number]): Promise<Uint8Array> {
  const { edge, quality } = variant
  return await openPixels(pixels)
    .resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
    .timeout({ seconds: IMAGE_TIMEOUT_SECONDS })
    .webp({ quality, effort: PREVIEW_EFFORT.fast })
    .toBuffer()
}
