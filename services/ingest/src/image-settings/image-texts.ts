import { sniffImageType } from '@darkroom/infra/images/image-formats'
import { findAvifMetadata } from './avif-metadata.ts'
import { readExifTexts } from './exif-text.ts'
import { findJpegMetadata } from './jpeg-metadata.ts'
import type { MetadataBlocks } from './metadata-blocks.ts'
import { readPngMetadata } from './png-metadata.ts'
import type { ImageTexts } from './read-metadata.ts'
import { findWebpMetadata } from './webp-metadata.ts'
import { XMP } from './xmp.ts'

/** Largest XMP metadata that are read. */
const MAX_XMP_BYTES = 2 * 1024 * 1024

const BLOCK_FINDERS: Readonly<Record<string, (file: Buffer) => MetadataBlocks>> = {
  'image/jpeg': findJpegMetadata,
  'image/webp': findWebpMetadata,
  'image/avif': findAvifMetadata,
}

/**
 * Reads the texts in an image file, by keyword, in time linear in its size and without a decoder. What is damaged or larger than any
 * program writes counts as absent.
 */
export function readImageTexts(bytes: Uint8Array): ImageTexts {
  const type = sniffImageType(bytes) ?? ''
  if (type === 'image/png') {
    const { texts, exif } = readPngMetadata(bytes)
    return { ...readExifTexts(exif), ...texts }
  }
  const find = Object.hasOwn(BLOCK_FINDERS, type) ? BLOCK_FINDERS[type] : undefined
  const blocks = find?.(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const { exif, xmp } = blocks ?? { exif: undefined, xmp: undefined }
  const xmpText = xmp && xmp.length <= MAX_XMP_BYTES ? { [XMP]: xmp.toString('utf8') } : {}
  return { ...readExifTexts(exif), ...xmpText }
}
