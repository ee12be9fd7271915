import { randomBytes } from 'node:crypto'
import sharp from 'sharp'

/** Pixels along each edge: as noise, a PNG of about 12 MB. */
const EDGE = 2_000

/** Requests that are sent at once. */
export interface RequestBatch {
  name: string
  requests: number
  /** Images in each request. */
  images: number
}

export const ONE: RequestBatch = { name: '1 picture', requests: 1, images: 1 }
export const EIGHT: RequestBatch = { name: '8 at once', requests: 8, images: 1 }
export const TWENTY: RequestBatch = { name: '20 requests of 2 at once', requests: 20, images: 2 }
export const FORTY: RequestBatch = { name: '40 requests of 2 at once', requests: 40, images: 2 }
export const REQUEST_BATCHES = [ONE, EIGHT, TWENTY, FORTY]

/** Creates an incompressible PNG. */
export async function createImage(): Promise<Buffer> {
  const raw = { width: EDGE, height: EDGE, channels: 3 } as const
  return await sharp(randomBytes(EDGE * EDGE * 3), { raw })
    .png({ compressionLevel: 1 })
    .toBuffer()
}

/** Appends random bytes after the end of the image, so that its hash is new to the store. */
export function withUniqueBytes(image: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([image, randomBytes(16)])
}
