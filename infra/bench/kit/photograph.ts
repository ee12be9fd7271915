import { randomBytes } from 'node:crypto'
import sharp from 'sharp'

export interface PhotographOptions {
  width: number
  height: number
  /** Of the JPEG, up to 100. */
  quality: number
  /** Range of the grain, of 256. */
  grain: number
}

/** Creates a JPEG that compresses like a photograph: soft shapes with grain. */
export async function createPhotograph({ width, height, quality, grain }: PhotographOptions): Promise<Buffer> {
  const shapes = await sharp(randomBytes(12 * 9 * 3), { raw: { width: 12, height: 9, channels: 3 } })
    .resize(width, height, { kernel: 'cubic' })
    .raw()
    .toBuffer()
  const noise = randomBytes(shapes.byteLength)
  for (let at = 0; at < shapes.byteLength; at++) {
    const value = (shapes[at] ?? 0) + (((noise[at] ?? 0) - 128) * grain) / 256
    shapes[at] = Math.max(0, Math.min(255, value))
  }
  return await sharp(shapes, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer()
}
