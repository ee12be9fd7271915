import sharp from 'sharp'
import { OUTPUT_LIMITS } from './check-image.ts'
import { inspectImage } from './inspect/inspect-image.ts'
import { selectDecodable } from './inspect/select-decodable.ts'
import { openAsSrgb, openImage } from './open-image.ts'
import type { ProviderCopy } from './strip-metadata.ts'

/** Meaning of a mask's pixels at a provider: the part that may change is transparent, white, or black. */
export type MaskPolarity = 'alpha-is-edit' | 'white-is-edit' | 'black-is-edit'

/**
 * Encodes a mask for a provider. In a submitted mask the part that may change is transparent, or white in one without transparency.
 *
 * @param target the image that the mask is for, whose size in pixels it gets
 * @returns a PNG
 * @throws MediaError when it is damaged or too large
 */
export async function encodeMask(
  bytes: Uint8Array,
  polarity: MaskPolarity,
  target: { width: number; height: number },
): Promise<ProviderCopy> {
  const size = { width: target.width, height: target.height }
  const decodable = await selectDecodable(bytes, await inspectImage(bytes, OUTPUT_LIMITS))
  const { isOpaque } = await openImage(decodable).stats()
  const { image } = await openAsSrgb(decodable)
  const upright = image.autoOrient().resize(size.width, size.height, { fit: 'fill' })
  const edit = isOpaque ? upright.removeAlpha().greyscale().extractChannel(0) : upright.extractChannel('alpha').negate()
  const { data } = await edit.raw().toBuffer({ resolveWithObject: true })
  const png = polarity === 'alpha-is-edit' ? await encodeAlpha(data, size) : await encodeGrey(data, polarity, size)
  return { mimeType: 'image/png', bytes: png, ...size }
}

interface Size {
  width: number
  height: number
}

async function encodeAlpha(edit: Uint8Array, { width, height }: Size): Promise<Uint8Array> {
  const pixels = new Uint8Array(edit.length * 4)
  for (let index = 0; index < edit.length; index += 1) pixels[4 * index + 3] = 255 - (edit[index] ?? 0)
  return await encodePng(pixels, { width, height, channels: 4 })
}

async function encodeGrey(edit: Uint8Array, polarity: MaskPolarity, { width, height }: Size): Promise<Uint8Array> {
  const pixels = polarity === 'white-is-edit' ? edit : edit.map(value => 255 - value)
  return await encodePng(pixels, { width, height, channels: 1 })
}

async function encodePng(pixels: Uint8Array, raw: Size & { channels: 1 | 4 }): Promise<Uint8Array> {
  return await sharp(pixels, { raw }).png().toBuffer()
}
