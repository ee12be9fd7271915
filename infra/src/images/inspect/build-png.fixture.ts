import { deflateSync } from 'node:zlib'
import { createChunk } from '../metadata/png-chunks.ts'

export interface PngOptions {
  width: number
  height: number
  depth?: number
  /** Colour type: 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha. */
  colour?: number
  isInterlaced?: boolean
  /** Filtered rows, before they are compressed; zeros that are enough for the image if absent. */
  rows?: Uint8Array
  /** Compressed rows, instead of `rows`. */
  imageData?: Uint8Array
  /** Chunks between the header and the pixels. */
  chunks?: readonly Buffer[]
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** Builds a PNG chunk by chunk, whatever is in it. */
export function buildPng({ width, height, depth = 8, colour = 2, isInterlaced = false, ...rest }: PngOptions): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([depth, colour, 0, 0, isInterlaced ? 1 : 0], 8)
  const rowBytes = 1 + Math.ceil((width * depth * (CHANNELS[colour] ?? 1)) / 8)
  const imageData = rest.imageData ?? deflateSync(rest.rows ?? Buffer.alloc(height * rowBytes))
  const chunks = [buildChunk('IHDR', header), ...(rest.chunks ?? []), buildChunk('IDAT', imageData)]
  return Buffer.concat([SIGNATURE, ...chunks, buildChunk('IEND')])
}

/** Builds a chunk of a PNG, of bytes or of a text. */
export function buildChunk(type: string, data: Uint8Array | string = ''): Buffer {
  return createChunk(type, Buffer.from(data))
}

/** Builds the chunk of a colour profile. */
export function buildProfileChunk(profile: Uint8Array): Buffer {
  return buildChunk('iCCP', Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)]))
}
