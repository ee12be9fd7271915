import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import sharp from 'sharp'
import { REFERENCE_SIDE } from '../../../demo/worker-protocol.ts'
import { ProviderError, type ProviderReference } from '../adapter.ts'

/** Encodes pixels as PNG. Film grain is noise: stronger compression would not make the file smaller. */
export async function encodePng(pixels: Uint8Array, width: number, height: number, xmp: string): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .withXmp(xmp)
    .png({ compressionLevel: 4 })
    .toBuffer()
}

/** Scales a reference image down for analysis. The decoder has encoded it just before: it is as large as was accepted at most. @throws ProviderError `reference_unreadable` */
export async function resizeReference({ bytes }: ProviderReference): Promise<Uint8Array> {
  try {
    const small = sharp(bytes, { limitInputPixels: OUTPUT_LIMITS.pixels, pages: 1 })
      .resize(REFERENCE_SIDE, REFERENCE_SIDE, { fit: 'fill' })
      .flatten({ background: '#fff' })
    return await small.toColourspace('srgb').raw().toBuffer()
  } catch (cause) {
    throw new ProviderError('reference_unreadable', { cause })
  }
}
