import sharp from 'sharp'

/**
 * Renders an image of the requested dimensions in a few milliseconds. Its colour differs for each output.
 *
 * @returns PNG bytes
 */
export async function renderImage(size: { width: number; height: number }, seed: number, index: number) {
  const [r, g, b] = [0, 1, 2].map(channel => 40 + ((seed + index * 53 + channel * 97) % 170))
  const background = { r: r ?? 0, g: g ?? 0, b: b ?? 0 }
  return await sharp({ create: { ...size, channels: 3, background } })
    .composite([{ input: Buffer.from(DOTS), tile: true, blend: 'soft-light' }])
    .png({ compressionLevel: 3 })
    .toBuffer()
}

/** A texture smaller than any image: a flat image would have too few bytes to be cut in the middle. */
const DOTS = '<svg width="8" height="8"><circle cx="4" cy="4" r="3" fill="white" fill-opacity="0.6"/></svg>'
