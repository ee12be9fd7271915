import { randomBytes } from 'node:crypto'
import sharp from 'sharp'

/** Pixels along each edge: as noise, a PNG of about 12 MB. */
const EDGE = 2_000

/** What is sent at once. */
export interface RequestBatch {
  name: string
  requests: number
  /** In each request. */
  images: number
}

export const ONE: RequestBatch = { name: '1 picture', requests: 1, images: 1 }
export const EIGHT: RequestBatch = { name: '8 at once', requests: 8, images: 1 }
export const TWENTY: RequestBatch = { name: '20 requests of 2 at once', requests: 20, images: 2 }
export const FORTY: RequestBatch = { name: '40 requests of 2 at once', requests: 40, images: 2 }
export const REQUEST_BATCHES = [ONE, EIGHT, TWENTY, FORTY]

/** A picture that does not compress. */
export async function createImage(): Promise<Buffer> {
  const raw = { width: EDGE, height: EDGE, channels: 3 } as const
  return await sharp(randomBytes(EDGE * EDGE * 3), { raw })
    .png({ compressionLevel: 1 })
    .toBuffer()
}

/** The same picture with other bytes behind its end, so that nobody has it already. */
export function withUniqueBytes(image: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([image, randomBytes(16)])
}
