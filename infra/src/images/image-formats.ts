export interface ImageFormat {
  mimeType: string
  extension: string
}

/**
 * The accepted image formats, with the signature that their files begin with. Only these reach the decoder: a document format
 * that may contain scripts (SVG, PDF), or a rarely used decoder, is never tried.
 */
const FORMATS: (ImageFormat & { matches: (bytes: Uint8Array) => boolean })[] = [
  { mimeType: 'image/png', extension: 'png', matches: bytes => hasSignature(bytes, 0, '\x89PNG\r\n\x1a\n') },
  { mimeType: 'image/jpeg', extension: 'jpg', matches: bytes => hasSignature(bytes, 0, '\xff\xd8\xff') },
  {
    mimeType: 'image/webp',
    extension: 'webp',
    matches: bytes => hasSignature(bytes, 0, 'RIFF') && hasSignature(bytes, 8, 'WEBP'),
  },
  { mimeType: 'image/avif', extension: 'avif', matches: isAvif },
  { mimeType: 'image/gif', extension: 'gif', matches: bytes => hasSignature(bytes, 0, 'GIF8') },
]

/** Bytes that are enough to recognise any of the formats. Of the brands of an AVIF, 60 are looked at. */
export const SIGNATURE_BYTES = 256

/** Returns the format that an image's first bytes indicate, undefined when it is not accepted. The rest may be damaged. */
export function sniffImageFormat(bytes: Uint8Array): ImageFormat | undefined {
  return FORMATS.find(format => format.matches(bytes))
}

/** Returns the MIME type that an image's first bytes indicate, undefined when the format is not accepted. */
export function sniffImageType(bytes: Uint8Array): string | undefined {
  return sniffImageFormat(bytes)?.mimeType
}

/** Returns the file extension of the format that an image's first bytes indicate, undefined when it is not accepted. */
export function sniffImageExtension(bytes: Uint8Array): string | undefined {
  return sniffImageFormat(bytes)?.extension
}

/**
 * Returns whether bytes begin like an AVIF: a file that names its brand, as the main one or among the compatible ones.
 *
 * @see https://aomediacodec.github.io/av1-avif/#brands
 */
function isAvif(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, SIGNATURE_BYTES))
  if (!hasSignature(start, 4, 'ftyp') || start.length < 12) return false
  const brands = start.toString('latin1', 8, Math.max(12, start.readUInt32BE(0)))
  const at = [...brands.matchAll(/avi[fs]/g)].map(match => match.index)
  // The version is in between, at 4.
  return at.some(index => index % 4 === 0 && index !== 4)
}

function hasSignature(bytes: Uint8Array, offset: number, signature: string): boolean {
  return Array.from(signature).every((character, at) => bytes[offset + at] === character.charCodeAt(0))
}
