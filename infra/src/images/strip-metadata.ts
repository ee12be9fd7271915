import { OUTPUT_LIMITS } from './check-image.ts'
import { inspectImage } from './inspect/inspect-image.ts'
import { selectDecodable } from './inspect/select-decodable.ts'
import { openAsSrgb } from './open-image.ts'

/** Largest JPEG with codes of its own, which needs 12 bytes of memory a pixel; without them, a file is larger. */
const MAX_OPTIMISED_PIXELS = 12_500_000

/** An image that is encoded anew for a provider. */
export interface ProviderCopy {
  mimeType: string
  bytes: Uint8Array
  width: number
  height: number
}

/**
 * Re-encodes an image upright, in sRGB and without metadata (location, camera, thumbnails, comments), for others to receive.
 *
 * @returns a PNG when the image has an alpha channel, else a JPEG
 * @throws MediaError when it is damaged or too large
 */
export async function stripMetadata(bytes: Uint8Array): Promise<ProviderCopy> {
  const decodable = await selectDecodable(bytes, await inspectImage(bytes, OUTPUT_LIMITS))
  const { image, metadata } = await openAsSrgb(decodable)
  const { hasAlpha } = metadata
  const upright = image.autoOrient()
  const optimiseCoding = metadata.width * metadata.height <= MAX_OPTIMISED_PIXELS
  const encoded = hasAlpha ? upright.png() : upright.jpeg({ quality: 95, chromaSubsampling: '4:4:4', optimiseCoding })
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true })
  return { mimeType: hasAlpha ? 'image/png' : 'image/jpeg', bytes: data, width: info.width, height: info.height }
}
