/** The bytes of an image or a video: in memory, or in a file that does not change meanwhile. */
export type MediaInput = Uint8Array | { path: string; bytes: number }

/** Returns the size in bytes. */
export function getByteLength(input: MediaInput): number {
  return input instanceof Uint8Array ? input.byteLength : input.bytes
}

/** Reads the bytes from `start` up to `end`, which is not included. Returns fewer when the input ends before. */
export async function readBytes(input: MediaInput, start: number, end: number): Promise<Uint8Array> {
  return input instanceof Uint8Array ? input.subarray(start, end) : await Bun.file(input.path).slice(start, end).bytes()
}
