const SIGNATURES: readonly (readonly [mimeType: string, bytes: readonly number[], offset: number])[] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47], 0],
  ['image/jpeg', [0xff, 0xd8, 0xff], 0],
  ['image/webp', [0x57, 0x45, 0x42, 0x50], 8],
]

/** Returns the media type of an image by its first bytes; undefined if it is none that can be requested. */
export function detectImageType(bytes: Uint8Array): string | undefined {
  return SIGNATURES.find(([, signature, offset]) => signature.every((byte, at) => bytes[offset + at] === byte))?.[0]
}
