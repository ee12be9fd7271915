import { getByteLength, type MediaInput, readBytes } from '../media-input.ts'

/** Bytes of a file that are read at once. */
const WINDOW_BYTES = 262_144

/** Time that an inspection occupies the thread without a pause, in ms: a file of very many parts must not delay others. */
const OCCUPIED_MS = 5

/** A range of a file, in bytes. */
export interface Range {
  start: number
  /** The first byte after it. */
  end: number
}

/** Returns the number of bytes of all ranges. */
export function countBytes(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Reads a file by ranges, front to back, with one window of it in memory. Bytes in memory are viewed, not copied. */
export interface RangeReader {
  size: number
  /** Reads `length` bytes from `start`; fewer when the file ends before. */
  read(start: number, length: number): Promise<Buffer>
  /** Reads some bytes from `start`: as many as cost nothing more, none at the end of the file. */
  readWindow(start: number): Promise<Buffer>
}

/** Opens a file or bytes for `RangeReader`. */
export function openRangeReader(input: MediaInput): RangeReader {
  const size = getByteLength(input)
  let window: { start: number; bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) }
  let occupiedSince = performance.now()
  const pauseIfOccupied = async () => {
    if (performance.now() - occupiedSince <= OCCUPIED_MS) return
    await new Promise<void>(resolve => setImmediate(resolve))
    occupiedSince = performance.now()
  }
  const load = async (start: number, length: number): Promise<Buffer> => {
    const bytes = await readBytes(input, start, Math.min(size, start + length))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  const read = async (start: number, length: number): Promise<Buffer> => {
    await pauseIfOccupied()
    if (input instanceof Uint8Array) return await load(start, length)
    const isInWindow = start >= window.start && start + length <= window.start + window.bytes.length
    if (!isInWindow) window = { start, bytes: await load(start, Math.max(length, WINDOW_BYTES)) }
    return window.bytes.subarray(start - window.start, start - window.start + length)
  }
  const readWindow = async (start: number): Promise<Buffer> => {
    await pauseIfOccupied()
    const isInWindow = start >= window.start && start < window.start + window.bytes.length
    if (!isInWindow) window = { start, bytes: await load(start, WINDOW_BYTES) }
    return window.bytes.subarray(start - window.start)
  }
  return { size, read, readWindow }
}
