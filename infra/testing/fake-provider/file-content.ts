/** The content of a file as pieces that may repeat, so that a large file takes little memory. */
export interface FileContent {
  type: string
  pieces: readonly Uint8Array[]
}

/** Padding of a large file. */
export const FILLER = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => (at * 167 + (at >> 8) * 59) & 0xff)

export function totalBytes(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
}

/** Returns the first half of a file. */
export function firstHalf(pieces: readonly Uint8Array[]): Uint8Array[] {
  let left = totalBytes(pieces) >> 1
  return pieces.flatMap(piece => {
    const part = piece.subarray(0, left)
    left -= part.byteLength
    return part.byteLength > 0 ? [part] : []
  })
}
