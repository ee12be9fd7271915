import { randomBytes } from 'node:crypto'
import sharp from 'sharp'

/** Pixels along each edge: as noise, a PNG of about 12 MB. */
const EDGE = 2_000

/** What is sent at once. */
export interface Crowd {
  name: string
  requests: number
  /** In each request. */
  pictures: number
}

export const ONE: Crowd = { name: '1 picture', requests: 1, pictures: 1 }
export const EIGHT: Crowd = { name: '8 at once', requests: 8, pictures: 1 }
export const TWENTY: Crowd = { name: '20 requests of 2 at once', requests: 20, pictures: 2 }
export const FORTY: Crowd = { name: '40 requests of 2 at once', requests: 40, pictures: 2 }
export const CROWDS = [ONE, EIGHT, TWENTY, FORTY]

/** A picture that does not compress. */
export async function makePicture(): Promise<Buffer> {
  const raw = { width: EDGE, height: EDGE, channels: 3 } as const
  return await sharp(randomBytes(EDGE * EDGE * 3), { raw })
    .png({ compressionLevel: 1 })
    .toBuffer()
}

/** The same picture with other bytes behind its end, so that nobody has it already. */
export function another(picture: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([picture, randomBytes(16)])
}
