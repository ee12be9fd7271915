import { createOrientationExif, EXIF_SIGNATURE, readOrientation } from './orientation.ts'

const [MARKER, TEM, FIRST_RESTART, LAST_RESTART, START, END, SCAN] = [0xff, 0x01, 0xd0, 0xd7, 0xd8, 0xd9, 0xda]
const [APP0, APP1, APP2, APP14, APP15, COMMENT] = [0xe0, 0xe1, 0xe2, 0xee, 0xef, 0xfe]

/** Application segments that pixels need to be shown: version and density, colour profile, Adobe's colour transform. */
const RETAINED: Record<number, string> = { [APP0]: 'JFIF\0', [APP2]: 'ICC_PROFILE\0', [APP14]: 'Adobe' }

/**
 * Returns a JPEG without metadata.
 *
 * @throws RangeError if it is damaged
 * @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf annex B
 */
export function removeJpegMetadata(bytes: Uint8Array): Uint8Array[] {
  const jpeg = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = [jpeg.subarray(0, 2)]
  for (let at = 2; ; ) {
    const start = skipFillBytes(jpeg, at)
    const marker = jpeg.readUInt8(start + 1)
    if (marker === END) return [...parts, jpeg.subarray(start, start + 2)]
    const segmentEnd = isStandalone(marker) ? start + 2 : start + 2 + jpeg.readUInt16BE(start + 2)
    const end = marker === SCAN ? findScanEnd(jpeg, segmentEnd) : segmentEnd
    if (end > jpeg.length) throw new RangeError('a segment is cut short')
    parts.push(...convertSegment(jpeg.subarray(start, end), marker))
    at = end
  }
}

/** Returns the parts of the file that a segment becomes: itself, nothing, or the orientation of its EXIF block. */
export function convertSegment(segment: Buffer, marker: number): Uint8Array[] {
  if (marker === COMMENT) return []
  if (marker < APP0 || marker > APP15) return [segment]
  const body = segment.subarray(4)
  if (marker === APP1) return startsWith(body, EXIF_SIGNATURE) ? createExifSegment(body) : []
  const signature = RETAINED[marker]
  return signature !== undefined && startsWith(body, signature) ? [withoutThumbnail(segment, marker)] : []
}

function createExifSegment(body: Buffer): Uint8Array[] {
  const exif = createOrientationExif(readOrientation(body.subarray(EXIF_SIGNATURE.length)))
  if (!exif) return []
  const header = Buffer.from([MARKER, APP1, 0, 2 + EXIF_SIGNATURE.length + exif.byteLength])
  return [header, Buffer.from(EXIF_SIGNATURE, 'latin1'), exif]
}

/** Cuts the uncompressed thumbnail off a JFIF segment. */
function withoutThumbnail(segment: Buffer, marker: number): Uint8Array {
  const [headerBytes, lengthAt] = [18, 2]
  if (marker !== APP0 || segment.length <= headerBytes) return segment
  const cut = Buffer.from(segment.subarray(0, headerBytes))
  cut.writeUInt16BE(headerBytes - 2, lengthAt)
  cut.fill(0, headerBytes - 2)
  return cut
}

/** Returns where the entropy-coded data after a scan's header ends: at the next marker that is no restart and no stuffed byte. */
function findScanEnd(jpeg: Buffer, from: number): number {
  for (let at = jpeg.indexOf(MARKER, from); at >= 0; at = jpeg.indexOf(MARKER, at + 1)) {
    const next = jpeg.readUInt8(at + 1)
    const isData = next === 0 || next === MARKER || (next >= FIRST_RESTART && next <= LAST_RESTART)
    if (!isData) return at
  }
  throw new RangeError('the image is cut short')
}

/** Returns the position of the marker at or after a position: any number of fill bytes may precede one. */
function skipFillBytes(jpeg: Buffer, at: number): number {
  if (jpeg.readUInt8(at) !== MARKER) throw new RangeError('a marker is missing')
  let start = at
  while (jpeg.readUInt8(start + 1) === MARKER) start += 1
  return start
}

/** Returns whether a marker has no segment. */
export function isStandalone(marker: number): boolean {
  return marker === TEM || (marker >= FIRST_RESTART && marker <= START)
}

/** Returns whether the body of a segment begins with a signature. */
export function startsWith(body: Buffer, signature: string): boolean {
  return body.toString('latin1', 0, signature.length) === signature
}
