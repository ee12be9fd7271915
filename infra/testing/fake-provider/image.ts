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

/** Previews differ this often, then they begin again. */
const TICKS = 8
const MAX_NOISE = 60

/** Renders an image under noise, of which there is less with each tick, as a model makes it. @returns JPEG bytes */
export async function renderPreview(
  { width, height }: { width: number; height: number },
  { seed, index, tick }: { seed: number; index: number; tick: number },
): Promise<Buffer> {
  const [shade, step] = [(seed + index * 53) % PREVIEW_SHADES, tick % TICKS]
  const key = `${width}x${height}/${shade}/${step}`
  const found = cached.get(key) ?? renderUnderNoise({ width, height }, shade, MAX_NOISE * (1 - step / TICKS))
  if (cached.size >= MAX_CACHED) cached.clear()
  cached.set(key, found)
  return await found
}

const PREVIEW_SHADES = 16

async function renderUnderNoise(size: { width: number; height: number }, shade: number, sigma: number) {
  const noise = { type: 'gaussian', mean: 128, sigma } as const
  const input = await sharp({ create: { ...size, channels: 3, background: '#888', noise } })
    .png({ compressionLevel: 1 })
    .toBuffer()
  return await sharp(await render(size, shade * 10))
    .composite([{ input, blend: 'hard-light' }])
    .jpeg({ quality: 80 })
    .toBuffer()
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
