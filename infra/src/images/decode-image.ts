import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import sharp, { type Sharp } from 'sharp'
import type { ImageLimits } from './check-image.ts'
import type { ImageFormat } from './image-formats.ts'
import { createDamagedImageError } from './inspect/image-layout.ts'
import { inspectImage } from './inspect/inspect-image.ts'
import { selectDecodable } from './inspect/select-decodable.ts'
import type { MediaInput } from './media-input.ts'
import { openAsSrgb } from './open-image.ts'

/** Time limit of one decoding or encoding, in seconds. */
export const IMAGE_TIMEOUT_SECONDS = 20

/** The longest edge that WebP supports. A long page as one image is longer. */
export const MAX_WEBP_EDGE = 16_383

const DECODED_WIDTH = Math.max(...PREVIEW_WIDTHS)
/**
 * Width that a check alone decodes an image in, by its type. All of its data is read: of a JPEG and a WebP it is only not turned into
 * pixels that nobody looks at. Others are decoded in full, and to scale them takes time.
 */
const CHECKED_WIDTHS: Record<string, number> = { 'image/jpeg': 1, 'image/webp': 1 }

/** Raw pixels, upright, no wider than the widest preview. Previews and placeholder share this one decoding. */
export type Pixels = Awaited<ReturnType<typeof decodePixels>>

/** The true properties of an image. */
export interface ImageProperties extends ImageFormat {
  /** Pixels, upright. */
  width: number
  height: number
}

/**
 * Checks an image and decodes it whole, which is the final check.
 *
 * @throws MediaError when its format is not accepted, or it is damaged, truncated or too large
 */
export async function decodeImage(
  input: MediaInput,
  limits: ImageLimits,
): Promise<{ properties: ImageProperties; pixels: Pixels }> {
  return await decodeToWidth(input, limits, () => DECODED_WIDTH)
}

/**
 * Checks an image like `decodeImage`, for its properties alone.
 *
 * @throws MediaError as `decodeImage` does
 */
export async function checkImage(input: MediaInput, limits: ImageLimits): Promise<ImageProperties> {
  const getWidth = (mimeType: string) => CHECKED_WIDTHS[mimeType] ?? DECODED_WIDTH
  return (await decodeToWidth(input, limits, getWidth)).properties
}

async function decodeToWidth(
  input: MediaInput,
  limits: ImageLimits,
  getWidth: (mimeType: string) => number,
): Promise<{ properties: ImageProperties; pixels: Pixels }> {
  const inspected = await inspectImage(input, limits)
  const { mimeType, extension } = inspected
  try {
    const decodable = await selectDecodable(input, inspected)
    const { image, metadata } = await openAsSrgb(decodable)
    const { width, height } = metadata.autoOrient
    const pixels = await decodePixels(image, getWidth(mimeType))
    return { properties: { mimeType, extension, width, height }, pixels }
  } catch (cause) {
    throw createDamagedImageError({ cause })
  }
}

/** Opens decoded pixels for sharp. */
export function openPixels({ data, info: { width, height, channels } }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false })
}

async function decodePixels(image: Sharp, width: number) {
  return await image
    .autoOrient()
    .resize({ width, height: MAX_WEBP_EDGE, fit: 'inside', withoutEnlargement: true })
    .timeout({ seconds: IMAGE_TIMEOUT_SECONDS })
    .raw()
    .toBuffer({ resolveWithObject: true })
}
