import { openImage } from './open-image.ts'

/**
 * Re-encodes an image upright and without metadata (location, camera, thumbnails, comments), for others to receive.
 *
 * @returns a PNG when the image has an alpha channel, else a JPEG
 */
export async function stripMetadata(bytes: Uint8Array): Promise<{ mimeType: string; bytes: Uint8Array }> {
  const image = openImage(bytes).autoOrient()
  const { hasAlpha } = await openImage(bytes).metadata()
  if (hasAlpha) return { mimeType: 'image/png', bytes: await image.png().toBuffer() }
  return { mimeType: 'image/jpeg', bytes: await image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer() }
}
