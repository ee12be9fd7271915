import sharp from 'sharp'

const SHADES = 170
const MAX_CACHED_PIXELS = 512 * 512
const MAX_CACHED = 2 * SHADES
const cached = new Map<string, Promise<Buffer>>()

/**
 * Renders an image of the requested dimensions in a few milliseconds. Its colour differs for each output. Small images are rendered
 * once, so that the provider takes little of the processors' time in a long run.
 *
 * @returns PNG bytes
 */
export async function renderImage(size: { width: number; height: number }, seed: number, index: number) {
  const shade = (seed + index * 53) % SHADES
  if (size.width * size.height > MAX_CACHED_PIXELS) return await render(size, shade)
  const key = `${size.width}x${size.height}/${shade}`
  const found = cached.get(key) ?? render(size, shade)
  if (cached.size >= MAX_CACHED) cached.clear()
  cached.set(key, found)
  return await found
}

async function render({ width, height }: { width: number; height: number }, shade: number): Promise<Buffer> {
  const [r, g, b] = [0, 1, 2].map(channel => 40 + ((shade + channel * 97) % SHADES))
  const background = { r: r ?? 0, g: g ?? 0, b: b ?? 0 }
  return await sharp({ create: { width, height, channels: 3, background } })
    .composite([{ input: Buffer.from(DOTS), tile: true, blend: 'soft-light' }])
    .png({ compressionLevel: 3 })
    .toBuffer()
}

/** A texture smaller than any image: a flat image would have too few bytes to be cut in the middle. */
const DOTS = '<svg width="8" height="8"><circle cx="4" cy="4" r="3" fill="white" fill-opacity="0.6"/></svg>'
