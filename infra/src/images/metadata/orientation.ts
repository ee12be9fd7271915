/** Signature of an EXIF block in a segment of a JPEG. Some programs write it in other formats, too. */
export const EXIF_SIGNATURE = 'Exif\0\0'

const ORIENTATION_TAG = 0x0112
const UPRIGHT = 1
const MAX_ORIENTATION = 8
const LONG = 4
const [TIFF_HEADER_BYTES, ENTRY_BYTES] = [8, 12]

/**
 * Reads the orientation of an EXIF block; 1, upright, if there is none.
 *
 * @param tiff the block from its TIFF header on
 * @see https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E section 4.6
 */
export function readOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  if (view.byteLength < TIFF_HEADER_BYTES) return UPRIGHT
  const isLittleEndian = view.getUint16(0) === 0x4949
  const start = view.getUint32(4, isLittleEndian)
  if (start + 2 > view.byteLength) return UPRIGHT
  const count = view.getUint16(start, isLittleEndian)
  for (
    let at = start + 2;
    at < start + 2 + count * ENTRY_BYTES && at + ENTRY_BYTES <= view.byteLength;
    at += ENTRY_BYTES
  ) {
    if (view.getUint16(at, isLittleEndian) !== ORIENTATION_TAG) continue
    // Type 3 is a 16-bit number; some programs write one of 32 bits.
    const isLong = view.getUint16(at + 2, isLittleEndian) === LONG
    const orientation = isLong ? view.getUint32(at + 8, isLittleEndian) : view.getUint16(at + 8, isLittleEndian)
    return orientation <= MAX_ORIENTATION ? orientation || UPRIGHT : UPRIGHT
  }
  return UPRIGHT
}

/** Creates an EXIF block, from its TIFF header on, that contains an orientation and nothing else. Undefined for upright images. */
export function createOrientationExif(orientation: number): Uint8Array | undefined {
  if (orientation === UPRIGHT) return undefined
  const exif = Buffer.alloc(26)
  exif.write('MM\0*', 0, 'latin1')
  exif.writeUInt32BE(TIFF_HEADER_BYTES, 4)
  exif.writeUInt16BE(1, 8)
  exif.writeUInt16BE(ORIENTATION_TAG, 10)
  // Type 3 is a 16-bit number. It is in the first half of the value's four bytes.
  exif.writeUInt16BE(3, 12)
  exif.writeUInt32BE(1, 14)
  exif.writeUInt16BE(orientation, 18)
  return exif
}
