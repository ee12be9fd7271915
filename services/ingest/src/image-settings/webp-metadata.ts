import type { MetadataBlocks } from './metadata-blocks.ts'

const [FILE_HEADER_BYTES, CHUNK_HEADER_BYTES] = [12, 8]
/** Most chunks that are looked at: an animation has one a frame. */
const MAX_CHUNKS = 10_000

/**
 * Finds the EXIF and XMP metadata of a WebP image.
 *
 * @see https://developers.google.com/speed/webp/docs/riff_container
 */
export function findWebpMetadata(webp: Buffer): MetadataBlocks {
  const blocks: MetadataBlocks = { exif: undefined, xmp: undefined }
  let at = FILE_HEADER_BYTES
  for (let count = 0; count < MAX_CHUNKS && at + CHUNK_HEADER_BYTES <= webp.length; count += 1) {
    const length = webp.readUInt32LE(at + 4)
    const type = webp.toString('latin1', at, at + 4)
    const body = webp.subarray(at + CHUNK_HEADER_BYTES, at + CHUNK_HEADER_BYTES + length)
    if (type === 'EXIF') blocks.exif ??= body
    if (type === 'XMP ') blocks.xmp ??= body
    at += CHUNK_HEADER_BYTES + length + (length % 2)
  }
  return blocks
}
