import { createOrientationExif, readOrientation } from './orientation.ts'

/** Chunks that pixels need to be decoded and shown: colours, transparency, density and animation. */
const RETAINED = new Set([
  ...['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'acTL', 'fcTL', 'fdAT'],
  ...['cICP', 'iCCP', 'sRGB', 'gAMA', 'cHRM', 'sBIT', 'mDCV', 'cLLI', 'bKGD', 'pHYs'],
])
const SIGNATURE_BYTES = 8
/** Length, type and checksum. */
const FRAME_BYTES = 12

/**
 * Returns a PNG without metadata.
 *
 * @throws RangeError if it is damaged
 * @see https://www.w3.org/TR/png-3/#5Chunk-layout
 */
export function removePngMetadata(bytes: Uint8Array): Uint8Array[] {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = [png.subarray(0, SIGNATURE_BYTES)]
  for (let at = SIGNATURE_BYTES; ; ) {
    const end = at + FRAME_BYTES + png.readUInt32BE(at)
    if (end > png.length) throw new RangeError('a chunk is cut short')
    const type = png.toString('latin1', at + 4, at + 8)
    if (type === 'eXIf') parts.push(...createExifChunk(png.subarray(at + 8, end - 4)))
    else if (RETAINED.has(type)) parts.push(png.subarray(at, end))
    if (type === 'IEND') return parts
    at = end
  }
}

/** Creates the chunk with the orientation of an EXIF block, if the image is not upright. */
export function createExifChunk(tiff: Uint8Array): Buffer[] {
  const exif = createOrientationExif(readOrientation(tiff))
  if (!exif) return []
  return [createChunk('eXIf', exif)]
}

/** Creates a chunk: length, type, data and checksum. */
export function createChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.byteLength)
  checksum.writeUInt32BE(Bun.hash.crc32(body))
  return Buffer.concat([length, body, checksum])
}
