import { PREVIEW_WIDTHS, type PreviewWidth } from '@darkroom/contracts/previews'
import { rgbaToThumbHash } from 'thumbhash'
import type { ImageLimits } from './check-image.ts'
import { decodeImage, IMAGE_TIMEOUT_SECONDS, MAX_WEBP_EDGE, openPixels, type Pixels } from './decode-image.ts'
import type { MediaInput } from './media-input.ts'

/** A WebP of at most `width` pixels, never wider than the image itself. */
export interface Preview {
  width: PreviewWidth
  bytes: Uint8Array
}

/** Effort of the WebP encoder, 0 to 6: higher is slower and smaller. 4 takes twice the time of 2, in which somebody waits, for 8 % fewer bytes. */
export const PREVIEW_EFFORT = { fast: 0, default: 2 }

const PREVIEW_QUALITY = 82

/** Longest edge of the image that a thumbhash is computed from, in pixels; the algorithm accepts no more. */
const PLACEHOLDER_PIXELS = 100

/**
 * Makes the previews of an image with the least effort, for very many images.
 *
 * @throws MediaError as `decodeImage` does
 */
export async function makePreviews(input: MediaInput, limits: ImageLimits): Promise<Preview[]> {
  return await renderPreviews((await decodeImage(input, limits)).pixels, PREVIEW_EFFORT.fast)
}

/** Renders a preview for each of `PREVIEW_WIDTHS`. */
export async function renderPreviews(pixels: Pixels, effort: number): Promise<Preview[]> {
  return await Promise.all(
    PREVIEW_WIDTHS.map(async width => ({ width, bytes: await renderPreview(pixels, width, effort) })),
  )
}

/** Computes the placeholder of an image: a thumbhash, base64. */
export async function computePlaceholder(pixels: Pixels): Promise<string> {
  const { data, info } = await openPixels(pixels)
    .resize(PLACEHOLDER_PIXELS, PLACEHOLDER_PIXELS, { fit: 'inside' })
    .ensureAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64')
}

async function renderPreview(pixels: Pixels, width: number, effort: number): Promise<Uint8Array> {
  return await openPixels(pixels)
    .resize({ width, height: MAX_WEBP_EDGE, fit: 'inside', withoutEnlargement: true })
    .timeout({ seconds: IMAGE_TIMEOUT_SECONDS })
    .webp({ quality: PREVIEW_QUALITY, effort })
    .toBuffer()
}
