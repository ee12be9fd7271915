import sharp from 'sharp'
import { enlarge, type Pixels } from './enlarge.ts'
import type { Network } from './network.ts'
import { MAX_RESULT_PIXELS, type Scale } from './protocol.ts'

/** Share of the time that the network takes; the rest is encoding. */
const NETWORK_SHARE = 0.95
/** More makes the file hardly smaller, and takes several times as long. */
const COMPRESSION_LEVEL = 4

/**
 * Enlarges an encoded image in sRGB. Its transparency is enlarged by a filter: the network knows colours only.
 *
 * @param onProgress called with the share that is done; waited for, so that the process notices what arrives meanwhile
 * @returns a PNG of as many times the width and the height
 */
export async function upscaleImage(
  network: Network,
  bytes: Uint8Array,
  scale: Scale,
  onProgress: (share: number) => Promise<void>,
): Promise<Uint8Array> {
  const image = await decode(bytes)
  const result = await createResult(image, scale)
  await enlarge(network, image, result, { onTile: share => onProgress(share * NETWORK_SHARE) })
  const { data, width, height, channels } = result
  return await sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: COMPRESSION_LEVEL }).toBuffer()
}

/** Decodes an image. The studio's decoder has encoded it just before: it is as large as was accepted at most. */
async function decode(bytes: Uint8Array): Promise<Pixels> {
  const image = sharp(bytes, { limitInputPixels: MAX_RESULT_PIXELS, pages: 1 })
  const { data, info } = await image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  if (channels !== 3 && channels !== 4) throw new Error(`the image has ${channels} channels`)
  return { data, width, height, channels }
}

/** Creates the pixels of the result, with its transparency where the image has one. */
async function createResult(image: Pixels, scale: Scale): Promise<Pixels> {
  const { channels } = image
  const [width, height] = [image.width * scale, image.height * scale]
  const data = new Uint8Array(width * height * channels)
  const result = { data, width, height, channels }
  if (channels === 4) {
    const alpha = await enlargeAlpha(image, result)
    for (let pixel = 0; pixel < alpha.length; pixel += 1) data[pixel * channels + 3] = alpha[pixel] ?? 0
  }
  return result
}

async function enlargeAlpha(image: Pixels, { width, height }: Pixels): Promise<Uint8Array> {
  const alpha = Uint8Array.from({ length: image.width * image.height }, (_, pixel) => image.data[pixel * 4 + 3] ?? 0)
  const raw = { width: image.width, height: image.height, channels: 1 } as const
  const resized = sharp(alpha, { raw }).resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
  return await resized.toColourspace('b-w').raw().toBuffer()
}
