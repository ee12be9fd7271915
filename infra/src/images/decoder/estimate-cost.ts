import type { ImageLimits } from '../check-image.ts'
import { inspectImage } from '../inspect/inspect-image.ts'
import { getByteLength, type MediaInput } from '../media-input.ts'

/** Bytes that are inflated in the time that a pixel is decoded in. */
const INFLATED_PER_PIXEL = 4

/**
 * Estimates what decoding an image costs, from its structure alone.
 *
 * @returns memory in bytes, of its file and of what is decoded; and pixels, which stand for the time
 * @throws MediaError if it is not accepted, which is known before anything is decoded
 */
export async function estimateCost(input: MediaInput, limits: ImageLimits): Promise<{ bytes: number; pixels: number }> {
  const { width, height, decodedBytes, excessBytes = 0 } = await inspectImage(input, limits, 'structure')
  return { bytes: getByteLength(input) + decodedBytes, pixels: width * height + excessBytes / INFLATED_PER_PIXEL }
}
