import { type CleanableType, canRemoveMetadata } from '@darkroom/contracts/history/download-metadata'
import { sniffImageType } from '../image-formats.ts'
import { removeJpegMetadata } from './jpeg-segments.ts'
import { removePngMetadata } from './png-chunks.ts'
import { removeWebpMetadata } from './webp-chunks.ts'

const REMOVERS: Record<CleanableType, (bytes: Uint8Array) => Uint8Array[]> = {
  'image/png': removePngMetadata,
  'image/jpeg': removeJpegMetadata,
  'image/webp': removeWebpMetadata,
}

/**
 * Returns an image without metadata: without texts, EXIF, XMP, IPTC, comments, thumbnails, signatures and whatever follows its end. Its
 * pixels are copied as they are encoded, with what they need to be shown the same: colour profile, animation, and the orientation, which
 * is all that is left of EXIF. The work is linear in the size of the file.
 *
 * @returns parts of the file, in order, most of them views of `bytes`; undefined if the format has no such reader, or the file is damaged
 */
export function removeMetadata(bytes: Uint8Array): Uint8Array[] | undefined {
  const type = sniffImageType(bytes) ?? null
  const remove = canRemoveMetadata(type) ? REMOVERS[type] : undefined
  try {
    return remove?.(bytes)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
