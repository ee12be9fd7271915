import { createDamagedImageError } from './image-layout.ts'

/** The header of a PNG. */
export interface PngHeader {
  width: number
  height: number
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  depth: number
  /** Samples of a pixel in the file; 1 with a palette. */
  channels: number
  hasPalette: boolean
  isInterlaced: boolean
}

/** Samples of a pixel, by colour type. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const PALETTE = 3

/** Of each of the seven passes of an interlaced image: the first column and row, and the distances to the next ones. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

/**
 * Reads the first chunk of a PNG.
 *
 * @throws MediaError if it is no header, or is cut short
 */
export function readPngHeader(chunk: Buffer): PngHeader {
  if (chunk.length < 25 || chunk.readUInt32BE(0) !== 13 || chunk.toString('latin1', 4, 8) !== 'IHDR')
    throw createDamagedImageError()
  const [depth, colour, interlace] = [chunk.readUInt8(16), chunk.readUInt8(17), chunk.readUInt8(20)]
  const channels = CHANNELS[colour]
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(depth)) throw createDamagedImageError()
  const [width, height] = [chunk.readUInt32BE(8), chunk.readUInt32BE(12)]
  return { width, height, depth, channels, hasPalette: colour === PALETTE, isInterlaced: interlace === 1 }
}

/** Returns the size of the filtered rows of an image: what its compressed data inflate to. */
export function countRowBytes(header: PngHeader): number {
  const { width, height, isInterlaced } = header
  if (!isInterlaced) return countPassBytes(header, width, height)
  return PASSES.reduce((sum, [column, row, across, down]) => {
    const columns = Math.ceil(Math.max(0, width - column) / across)
    const rows = Math.ceil(Math.max(0, height - row) / down)
    return sum + (columns === 0 ? 0 : countPassBytes(header, columns, rows))
  }, 0)
}

function countPassBytes({ depth, channels }: PngHeader, columns: number, rows: number): number {
  const filterByte = 1
  return rows * (filterByte + Math.ceil((columns * depth * channels) / 8))
}
