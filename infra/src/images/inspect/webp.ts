import type { ImageLimits } from '../check-image.ts'
import { createExifChunk, setFlags } from '../metadata/webp-chunks.ts'
import {
  appendPart,
  assertDimensions,
  assertFrameCount,
  assertPartCount,
  assertProfileBytes,
  createDamagedImageError,
  type ImageLayout,
  type ImagePart,
} from './image-layout.ts'
import type { RangeReader } from './range-reader.ts'
import { readBitstreamSize, type WebpSize } from './webp-bitstream.ts'

const [FILE_HEADER_BYTES, CHUNK_HEADER_BYTES, HEADER_BYTES, FRAME_HEADER_BYTES] = [12, 8, 10, 16]
/** Memory of a pixel while it is decoded, in bytes: measured 8. A decoder of animations has two copies of the canvas. */
const [STILL_PIXEL_BYTES, ANIMATED_PIXEL_BYTES] = [9, 13]
/** Largest EXIF chunk that the orientation is looked for in. */
const MAX_EXIF_BYTES = 1_000_000

interface Chunk {
  type: string
  start: number
  /** The end of its data, and that of the chunk with its padding. */
  dataEnd: number
  end: number
}

interface WebpWalk {
  /** The size that the file's header or its only bitstream states. */
  canvas: WebpSize | undefined
  /** The extended header, which most simple files do not have. */
  extended: Buffer | undefined
  parts: ImagePart[]
  exif: Uint8Array[]
  frames: number
  hasImage: boolean
}

/**
 * Inspects the chunks of a WebP. XMP, unknown chunks and frames after the first are no part of the result.
 *
 * @throws MediaError
 * @see https://developers.google.com/speed/webp/docs/riff_container
 */
export async function inspectWebp(reader: RangeReader, limits: ImageLimits): Promise<ImageLayout> {
  const walk: WebpWalk = { canvas: undefined, extended: undefined, parts: [], exif: [], frames: 0, hasImage: false }
  const header = await reader.read(0, FILE_HEADER_BYTES)
  if (header.length < FILE_HEADER_BYTES) throw createDamagedImageError()
  const fileEnd = Math.min(reader.size, CHUNK_HEADER_BYTES + header.readUInt32LE(4))
  // At the end of a file some programs leave the padding out.
  if (CHUNK_HEADER_BYTES + header.readUInt32LE(4) > reader.size + 1) throw createDamagedImageError()
  for (let [at, count] = [FILE_HEADER_BYTES, 1]; at + CHUNK_HEADER_BYTES <= fileEnd; count += 1) {
    assertPartCount(count)
    const chunk = await readChunk(reader, at)
    await visitChunk(reader, chunk, walk, limits)
    at = chunk.end
  }
  if (!walk.canvas || !walk.hasImage) throw createDamagedImageError()
  assertFrameCount(walk.frames)
  const { width, height } = walk.canvas
  const decodedBytes = width * height * (walk.frames > 0 ? ANIMATED_PIXEL_BYTES : STILL_PIXEL_BYTES)
  return { width, height, frames: Math.max(1, walk.frames), decodedBytes, parts: createFile(walk) }
}

async function readChunk(reader: RangeReader, start: number): Promise<Chunk> {
  const header = await reader.read(start, CHUNK_HEADER_BYTES)
  const length = header.readUInt32LE(4)
  const dataEnd = start + CHUNK_HEADER_BYTES + length
  if (dataEnd > reader.size) throw createDamagedImageError()
  return { type: header.toString('latin1', 0, 4), start, dataEnd, end: dataEnd + (length % 2) }
}

async function visitChunk(reader: RangeReader, chunk: Chunk, walk: WebpWalk, limits: ImageLimits): Promise<void> {
  const { type, start, dataEnd } = chunk
  const dataStart = start + CHUNK_HEADER_BYTES
  if (type === 'VP8X' && !walk.extended) return await visitHeader(reader, chunk, walk, limits)
  if (type === 'ICCP') {
    assertProfileBytes(dataEnd - dataStart)
    return retain(reader, chunk, walk)
  }
  if (type === 'EXIF' && walk.exif.length === 0) {
    const bytes = await reader.read(start, Math.min(MAX_EXIF_BYTES, dataEnd - start))
    walk.exif = createExifChunk(bytes)
  }
  if (type === 'ANIM' || type === 'ALPH') return walk.hasImage ? undefined : retain(reader, chunk, walk)
  if (type === 'ANMF') return await visitFrame(reader, chunk, walk)
  if ((type === 'VP8 ' || type === 'VP8L') && !walk.hasImage) {
    const size = readBitstreamSize(type, await reader.read(dataStart, Math.min(16, dataEnd - dataStart)))
    assertDimensions(size.width, size.height, limits)
    if (walk.canvas && (walk.canvas.width !== size.width || walk.canvas.height !== size.height))
      throw createDamagedImageError()
    walk.canvas = size
    walk.hasImage = true
    retain(reader, chunk, walk)
  }
}

function retain({ size }: RangeReader, { start, end }: Chunk, { parts }: WebpWalk): void {
  appendPart(parts, { start, end: Math.min(end, size) })
  if (end > size) parts.push(new Uint8Array(1))
}

/** Visits the extended header, whose size is that of the canvas. */
async function visitHeader(reader: RangeReader, chunk: Chunk, walk: WebpWalk, limits: ImageLimits): Promise<void> {
  const bytes = Buffer.from(await reader.read(chunk.start, CHUNK_HEADER_BYTES + HEADER_BYTES))
  if (chunk.dataEnd - chunk.start < CHUNK_HEADER_BYTES + HEADER_BYTES) throw createDamagedImageError()
  const size = { width: 1 + bytes.readUIntLE(12, 3), height: 1 + bytes.readUIntLE(15, 3) }
  assertDimensions(size.width, size.height, limits)
  if (walk.canvas) throw createDamagedImageError()
  walk.canvas = size
  bytes.writeUInt32LE(HEADER_BYTES, 4)
  walk.extended = bytes
}

/** Visits a frame of an animation, each of which has to be within the canvas, and so has the bitstream in the first. */
async function visitFrame(reader: RangeReader, chunk: Chunk, walk: WebpWalk): Promise<void> {
  const data = chunk.start + CHUNK_HEADER_BYTES
  const header = await reader.read(data, FRAME_HEADER_BYTES)
  if (!walk.canvas || header.length < FRAME_HEADER_BYTES) throw createDamagedImageError()
  const [left, top] = [2 * header.readUIntLE(0, 3), 2 * header.readUIntLE(3, 3)]
  const frame = { width: 1 + header.readUIntLE(6, 3), height: 1 + header.readUIntLE(9, 3) }
  if (left + frame.width > walk.canvas.width || top + frame.height > walk.canvas.height) throw createDamagedImageError()
  walk.frames += 1
  if (walk.hasImage) return
  await assertFrameBitstream(reader, { start: data + FRAME_HEADER_BYTES, end: chunk.dataEnd }, frame)
  walk.hasImage = true
  retain(reader, chunk, walk)
}

async function assertFrameBitstream(
  reader: RangeReader,
  { start, end }: { start: number; end: number },
  frame: WebpSize,
): Promise<void> {
  for (let [at, count] = [start, 1]; at + CHUNK_HEADER_BYTES <= end; count += 1) {
    assertPartCount(count)
    const { type, dataEnd, end: chunkEnd } = await readChunk(reader, at)
    if (type === 'VP8 ' || type === 'VP8L') {
      const bytes = await reader.read(at + CHUNK_HEADER_BYTES, Math.min(16, dataEnd - at - CHUNK_HEADER_BYTES))
      const size = readBitstreamSize(type, bytes)
      if (size.width !== frame.width || size.height !== frame.height) throw createDamagedImageError()
      return
    }
    at = chunkEnd
  }
  throw createDamagedImageError()
}

/** Creates the parts of a file of the chunks that were retained, and the orientation. */
function createFile({ extended, parts, exif }: WebpWalk): ImagePart[] {
  const all = [...(extended ? [setFlags(extended, exif.length > 0)] : []), ...parts, ...(extended ? exif : [])]
  const header = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  header.writeUInt32LE(4 + all.reduce((sum, part) => sum + countBytes(part), 0), 4)
  return [header, ...all]
}

function countBytes(part: ImagePart): number {
  return part instanceof Uint8Array ? part.byteLength : part.end - part.start
}
