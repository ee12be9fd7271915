import { ASPECT_RATIOS, type AspectRatio } from '@darkroom/contracts/enums'
import { previewKey } from '@darkroom/contracts/previews'
import { sizeOf } from '@darkroom/contracts/size'
import sharp from 'sharp'
import { type Picture, REFERENCE_LIMITS, readPicture } from '../../src/images/image.ts'
import type { Store } from '../../src/store/store.ts'

/** A small real picture that many made-up generations share. */
export interface SeedPicture {
  ratio: AspectRatio
  key: string
  width: number
  height: number
  bytes: number
  placeholder: string
  sha256: string
}

const EACH = 3
const RESOLUTION = 512
const PUT_MS = 30_000

/** Draws a few pictures of every aspect ratio and stores them with their previews, each at the same key every time. */
export async function storePictures(store: Store, workspaceId: string): Promise<SeedPicture[]> {
  const wanted = ASPECT_RATIOS.flatMap(ratio => Array.from({ length: EACH }, (_, nth) => ({ ratio, nth })))
  return await Promise.all(wanted.map(({ ratio, nth }, at) => storePicture(store, workspaceId, ratio, at + nth * 7)))
}

async function storePicture(store: Store, workspaceId: string, ratio: AspectRatio, hue: number): Promise<SeedPicture> {
  const { width, height } = sizeOf(ratio, RESOLUTION)
  const bytes = await draw(width, height, hue)
  const { previews, placeholder }: Picture = await readPicture(bytes, REFERENCE_LIMITS)
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const key = `w/${workspaceId}/gen/seed/1/${sha256}.png`
  const put = (at: string, what: Uint8Array) => store.put(at, what, { signal: AbortSignal.timeout(PUT_MS) })
  await put(key, bytes)
  for (const preview of previews) await put(previewKey(key, preview.width), preview.bytes)
  return { ratio, key, width, height, bytes: bytes.byteLength, placeholder, sha256 }
}

/** Light from one corner over a ground of one hue. Drawn small, because there is nothing small in it. */
async function draw(width: number, height: number, hue: number): Promise<Uint8Array> {
  const raw = { width: Math.round(width / 8), height: Math.round(height / 8), channels: 3 } as const
  const places = Array.from({ length: raw.width * raw.height }, (_, at) => ({
    x: (at % raw.width) / raw.width,
    y: Math.floor(at / raw.width) / raw.height,
  }))
  const pixels = Buffer.from(places.flatMap(({ x, y }) => colourAt(x, y, hue)))
  return await sharp(pixels, { raw }).resize(width, height).png().toBuffer()
}

function colourAt(x: number, y: number, hue: number): number[] {
  const light = 0.15 + 0.85 * Math.exp(-((x - 0.3) ** 2 + (y - 0.35) ** 2) * 4)
  return [0, 2, 4].map(shift => Math.round(255 * light * (0.5 + 0.5 * Math.sin(hue * 0.9 + shift + y * 2))))
}
