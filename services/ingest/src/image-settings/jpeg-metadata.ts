import { isStandalone, startsWith } from '@darkroom/infra/images/metadata/jpeg-segments'
import { EXIF_SIGNATURE } from '@darkroom/infra/images/metadata/orientation'
import { type MetadataBlocks, XMP_SIGNATURE } from './metadata-blocks.ts'

const [MARKER, END, SCAN, APP1] = [0xff, 0xd9, 0xda, 0xe1]
/** Most segments before the pixels that are looked at. A file with a large colour profile and thumbnails has some hundreds. */
const MAX_SEGMENTS = 10_000

/**
 * Finds the EXIF and XMP metadata of a JPEG, which are in segments before its pixels.
 *
 * @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf annex B
 */
export function findJpegMetadata(jpeg: Buffer): MetadataBlocks {
  const blocks: MetadataBlocks = { exif: undefined, xmp: undefined }
  for (const body of readApplicationSegments(jpeg)) {
    if (startsWith(body, EXIF_SIGNATURE)) blocks.exif ??= body.subarray(EXIF_SIGNATURE.length)
    else if (startsWith(body, XMP_SIGNATURE)) blocks.xmp ??= body.subarray(XMP_SIGNATURE.length)
  }
  return blocks
}

/** Yields the bodies of the segments in which applications write metadata. */
function* readApplicationSegments(jpeg: Buffer): Generator<Buffer> {
  let at = 2
  for (let count = 0; count < MAX_SEGMENTS && at + 4 <= jpeg.length && jpeg[at] === MARKER; count += 1) {
    const marker = jpeg.readUInt8(at + 1)
    if (marker === SCAN || marker === END) return
    if (marker === MARKER || isStandalone(marker)) {
      // Any number of fill bytes may precede a marker.
      at += marker === MARKER ? 1 : 2
      continue
    }
    const end = at + 2 + jpeg.readUInt16BE(at + 2)
    if (marker === APP1) yield jpeg.subarray(at + 4, end)
    at = end
  }
}
