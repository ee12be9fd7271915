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
  {
    mimeType: 'image/avif',
    extension: 'avif',
    matches: bytes => hasSignature(bytes, 4, 'ftypavif') || hasSignature(bytes, 4, 'ftypavis'),
  },
  { mimeType: 'image/gif', extension: 'gif', matches: bytes => hasSignature(bytes, 0, 'GIF8') },
]

/** Bytes that are enough to recognise any of the formats. */
export const SIGNATURE_BYTES = 16

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

function hasSignature(bytes: Uint8Array, offset: number, signature: string): boolean {
  return Array.from(signature).every((character, at) => bytes[offset + at] === character.charCodeAt(0))
}
