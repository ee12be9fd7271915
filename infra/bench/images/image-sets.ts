import { randomBytes } from 'node:crypto'
import sharp from 'sharp'

/** Photographs of one size. */
export interface ImageSet {
  name: string
  width: number
  height: number
  quality: number
}

export const IMAGE_SETS: readonly ImageSet[] = [
  { name: '0.8 MB', width: 1_700, height: 1_275, quality: 88 },
  { name: '10 MB', width: 5_340, height: 4_005, quality: 92 },
]

/** Images that are given at once. */
export const AT_ONCE = 16

/** Range of the grain, of 256. */
const GRAIN = 56

/** Returns the set of a name. @throws Error if there is none */
export function findImageSet(name: string | undefined): ImageSet {
  const set = IMAGE_SETS.find(set => set.name === name)
  if (!set) throw new Error(`no set of images is named ${name}`)
  return set
}

/** Creates a JPEG that compresses like a photograph: soft shapes with grain. */
export async function createPhotograph({ width, height, quality }: Omit<ImageSet, 'name'>): Promise<Buffer> {
  const shapes = await sharp(randomBytes(12 * 9 * 3), { raw: { width: 12, height: 9, channels: 3 } })
    .resize(width, height, { kernel: 'cubic' })
    .raw()
    .toBuffer()
  const grain = randomBytes(shapes.byteLength)
  for (let at = 0; at < shapes.byteLength; at++) {
    const value = (shapes[at] ?? 0) + (((grain[at] ?? 0) - 128) * GRAIN) / 256
    shapes[at] = Math.max(0, Math.min(255, value))
  }
  return await sharp(shapes, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer()
}
