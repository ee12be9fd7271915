import { deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { buildPng } from '../../src/images/inspect/build-png.fixture.ts'

/** An image file and its media type. */
export interface ImageFile {
  type: string
  bytes: Buffer
}

const SIDE = 24

/** Creates small images of every accepted format and common encoder options. Deterministic. */
export async function createSmallImages(): Promise<ImageFile[]> {
  const made = [
    createStill().png(),
    createStill().png({ palette: true }),
    createStill().png({ progressive: true }),
    createStill().ensureAlpha(0.5).png(),
    createStill().jpeg(),
    createStill().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
    createStill()
      .withExif({ IFD0: { Artist: 'nobody', Orientation: '6' } })
      .jpeg(),
    createStill().webp(),
    createStill().webp({ lossless: true }),
    createStill().avif({ effort: 0 }),
    createStill().gif(),
    createAnimated(3).gif(),
    createAnimated(3).webp(),
  ].map(toImageFile)
  return await Promise.all(made)
}

/** Creates one image of a format. */
export async function createSmallImage(format: 'png' | 'jpeg' | 'webp' | 'avif' | 'gif'): Promise<Buffer> {
  return await createStill().toFormat(format).toBuffer()
}

/** Creates an animation. The frames differ, because encoders merge equal ones. */
export async function createAnimation(format: 'gif' | 'webp', frames: number): Promise<Buffer> {
  return await createAnimated(frames, 4).toFormat(format).toBuffer()
}

/** Creates a flat black-and-white PNG: a tiny file, but as large as its dimensions once it is decoded. */
export function createFlatPng(width: number, height: number): Buffer {
  const imageData = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height), { level: 9 })
  return buildPng({ width, height, depth: 1, colour: 0, imageData })
}

function createStill(): Sharp {
  return sharp(createPixels(SIDE, 1), { raw: { width: SIDE, height: SIDE, channels: 3 } })
}

function createAnimated(frames: number, side = SIDE): Sharp {
  return sharp(createPixels(side, frames), {
    raw: { width: side, height: side * frames, channels: 3, pageHeight: side },
  })
}

/** Creates pixels with texture, because encoders treat flat images in their own ways. */
function createPixels(side: number, frames: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: side * side * 3 * frames }, (_, at) => at * 7 + (at >> 6) * 31))
}

async function toImageFile(image: Sharp): Promise<ImageFile> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  return { type: info.format === 'heif' ? 'image/avif' : `image/${info.format}`, bytes: data }
}
