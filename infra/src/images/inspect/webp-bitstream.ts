import { createDamagedImageError } from './image-layout.ts'

export interface WebpSize {
  width: number
  height: number
}

const VP8L_SIGNATURE = 0x2f

/**
 * Reads the size that the header of a bitstream states.
 *
 * @throws MediaError if it is none
 * @see https://datatracker.ietf.org/doc/html/rfc6386#section-9.1
 * @see https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification
 */
export function readBitstreamSize(type: 'VP8 ' | 'VP8L', bytes: Buffer): WebpSize {
  if (type === 'VP8L') {
    if (bytes.length < 5 || bytes[0] !== VP8L_SIGNATURE) throw createDamagedImageError()
    const bits = bytes.readUInt32LE(1)
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
  }
  if (bytes.length < 10 || bytes.readUIntLE(3, 3) !== 0x2a019d) throw createDamagedImageError()
  // The two high bits of each are a scale for display, which decoders ignore.
  return { width: bytes.readUInt16LE(6) & 0x3fff, height: bytes.readUInt16LE(8) & 0x3fff }
}
