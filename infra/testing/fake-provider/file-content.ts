/** A file as it is sent: pieces that may be the same ones again and again, so that a large file is little in memory. */
export interface FileContent {
  type: string
  pieces: readonly Uint8Array[]
}

/** What a large file is filled up with. */
export const FILLER = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => (at * 167 + (at >> 8) * 59) & 0xff)

export function totalBytes(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
}

/** The first half. */
export function firstHalf(pieces: readonly Uint8Array[]): Uint8Array[] {
  let left = totalBytes(pieces) >> 1
  return pieces.flatMap(piece => {
    const part = piece.subarray(0, left)
    left -= part.byteLength
    return part.byteLength > 0 ? [part] : []
  })
}
