import { ASPECT_RATIOS, type AspectRatio } from '@darkroom/contracts/enums'
import { previewKey } from '@darkroom/contracts/previews'
import { computeSize } from '@darkroom/contracts/size'
import sharp from 'sharp'
import { REFERENCE_LIMITS } from '../../src/images/check-image.ts'
import { createImageDecoder, type ImageDecoder } from '../../src/images/decoder/image-decoder.ts'
import { createLog } from '../../src/log.ts'
import type { Store } from '../../src/store/store.ts'

/** A small stored image that many synthetic generations share. */
export interface SeedImage {
  ratio: AspectRatio
  key: string
  width: number
  height: number
  bytes: number
  placeholder: string
  sha256: string
}

const IMAGES_PER_RATIO = 3
const RESOLUTION = 512
const PUT_TIMEOUT_MS = 30_000
const DECODE_TIMEOUT_MS = 120_000
const MEMORY_BYTES = 256 * 1024 * 1024

/** Draws a few images of every aspect ratio and stores them with their previews. Keys are the same on every call. */
export async function storeSeedImages(store: Store, workspaceId: string): Promise<SeedImage[]> {
  const wanted = ASPECT_RATIOS.flatMap(ratio => Array.from({ length: IMAGES_PER_RATIO }, (_, nth) => ({ ratio, nth })))
  await using images = createImageDecoder({
    memoryBytes: MEMORY_BYTES,
    log: createLog({ service: 'seed', level: 'warn' }),
  })
  return await Promise.all(
    wanted.map(({ ratio, nth }, at) => storeSeedImage({ store, images, workspaceId }, ratio, at + nth * 7)),
  )
}

async function storeSeedImage(
  { store, images, workspaceId }: { store: Store; images: ImageDecoder; workspaceId: string },
  ratio: AspectRatio,
  hue: number,
): Promise<SeedImage> {
  const { width, height } = computeSize(ratio, RESOLUTION)
  const bytes = await drawImage(width, height, hue)
  const signal = AbortSignal.timeout(DECODE_TIMEOUT_MS)
  const { previews, placeholder } = await images.read(bytes, REFERENCE_LIMITS, { signal })
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const key = `w/${workspaceId}/gen/seed/1/${sha256}.png`
  const putObject = (objectKey: string, content: Uint8Array) =>
    store.put(objectKey, content, { signal: AbortSignal.timeout(PUT_TIMEOUT_MS) })
  await putObject(key, bytes)
  for (const preview of previews) await putObject(previewKey(key, preview.width), preview.bytes)
  return { ratio, key, width, height, bytes: bytes.byteLength, placeholder, sha256 }
}

/** Draws a light spot on a background of one hue. It is drawn small and enlarged, because it has no fine detail. */
async function drawImage(width: number, height: number, hue: number): Promise<Uint8Array> {
  const raw = { width: Math.round(width / 8), height: Math.round(height / 8), channels: 3 } as const
  const points = Array.from({ length: raw.width * raw.height }, (_, at) => ({
    x: (at % raw.width) / raw.width,
    y: Math.floor(at / raw.width) / raw.height,
  }))
  const pixels = Buffer.from(points.flatMap(({ x, y }) => computeColor(x, y, hue)))
  return await sharp(pixels, { raw }).resize(width, height).png().toBuffer()
}

function computeColor(x: number, y: number, hue: number): number[] {
  const light = 0.15 + 0.85 * Math.exp(-((x - 0.3) ** 2 + (y - 0.35) ** 2) * 4)
  return [0, 2, 4].map(shift => Math.round(255 * light * (0.5 + 0.5 * Math.sin(hue * 0.9 + shift + y * 2))))
}
