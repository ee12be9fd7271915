import type { ImageLimits } from './check-image.ts'
import { checkImage, decodeImage, type ImageProperties } from './decode-image.ts'
import type { MediaInput } from './media-input.ts'
import { computePlaceholder, PREVIEW_EFFORT, type Preview, renderPreviews } from './previews.ts'

/** The true properties of an image, known by decoding it, with its previews and placeholder. */
export interface DecodedImage extends ImageProperties {
  previews: Preview[]
  /** Thumbhash, base64. */
  placeholder: string
}

/**
 * Validates an image by decoding it whole, and makes its previews and placeholder from that one decoding.
 *
 * @param input PNG, JPEG, WebP, AVIF or GIF; of an animation the first frame counts
 * @throws MediaError when its format is not accepted, or it is damaged, truncated or too large
 */
export async function readImage(input: MediaInput, limits: ImageLimits): Promise<DecodedImage> {
  const { properties, pixels } = await decodeImage(input, limits)
  return {
    ...properties,
    previews: await renderPreviews(pixels, PREVIEW_EFFORT.default),
    placeholder: await computePlaceholder(pixels),
  }
}

/**
 * Validates an image like `readImage`, without making previews and placeholder.
 *
 * @throws MediaError as `readImage` does
 */
export async function validateImage(input: MediaInput, limits: ImageLimits): Promise<ImageProperties> {
  return await checkImage(input, limits)
}
