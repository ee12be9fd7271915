import { inflateSync } from 'node:zlib'
import type { ImageLimits } from '../check-image.ts'
import { readOrientation } from '../metadata/orientation.ts'
import { createExifChunk, STILL_CHUNKS } from '../metadata/png-chunks.ts'
import {
  appendPart,
  assertDimensions,
  assertFrameCount,
  assertPartCount,
  assertProfileBytes,
  createDamagedImageError,
  type ImageLayout,
  type ImagePart,
  MAX_PROFILE_BYTES,
} from './image-layout.ts'
import { assertImageData } from './png-data.ts'
import { type PngHeader, readPngHeader } from './png-header.ts'
import type { RangeReader } from './range-reader.ts'

const SIGNATURE_BYTES = 8
/** Length and type; with the checksum after the data. */
const [CHUNK_HEADER_BYTES, FRAME_BYTES] = [8, 12]
/** Largest chunk, except pixels and profile, that a decoder gets: a palette has 768 bytes. */
const MAX_CHUNK_BYTES = 1_024
/** Rows that are in memory at once, in all steps of a pipeline together. */
const BUFFERED_ROWS = 1_024
/** Largest EXIF block that the orientation is looked for in. */
const MAX_EXIF_BYTES = 1_000_000

interface Chunk {
  type: string
  /** Range of the whole chunk, and of its data. */
  start: number
  end: number
  data: { start: number; end: number }
}

interface PngWalk {
  header: PngHeader
  parts: ImagePart[]
  imageData: { start: number; end: number }[]
  frames: number
  orientation: number
}

/**
 * Inspects the chunks of a PNG. Texts, frames of an animation and unknown chunks are no part of the result.
 *
 * @throws MediaError
 * @see https://www.w3.org/TR/png-3/#5Chunk-layout
 */
export async function inspectPng(reader: RangeReader, limits: ImageLimits): Promise<ImageLayout> {
  const header = readPngHeader(await reader.read(SIGNATURE_BYTES, FRAME_BYTES + 13))
  assertDimensions(header.width, header.height, limits)
  const walk = await walkChunks(reader, header)
  await assertImageData(reader, walk.imageData, header)
  const { width, height } = header
  const frames = Math.max(1, walk.frames)
  const isBuffered = header.isInterlaced || walk.orientation !== 1
  return { width, height, frames, decodedBytes: estimateBytes(header, isBuffered), parts: walk.parts }
}

async function walkChunks(reader: RangeReader, header: PngHeader): Promise<PngWalk> {
  const walk: PngWalk = {
    header,
    parts: [{ start: 0, end: SIGNATURE_BYTES }],
    imageData: [],
    frames: 0,
    orientation: 1,
  }
  const seen = new Set<string>()
  for (let [at, count] = [SIGNATURE_BYTES, 1]; ; count += 1) {
    assertPartCount(count)
    const chunk = await readChunk(reader, at)
    if (chunk.type === 'fcTL') walk.frames += 1
    else if (!seen.has(chunk.type) || chunk.type === 'IDAT') await visitChunk(reader, chunk, walk)
    if (chunk.type === 'IEND') break
    seen.add(chunk.type)
    at = chunk.end
  }
  assertFrameCount(walk.frames)
  if (walk.imageData.length === 0) throw createDamagedImageError()
  return walk
}

async function readChunk(reader: RangeReader, start: number): Promise<Chunk> {
  const frame = await reader.read(start, CHUNK_HEADER_BYTES)
  if (frame.length < CHUNK_HEADER_BYTES) throw createDamagedImageError()
  const end = start + FRAME_BYTES + frame.readUInt32BE(0)
  if (end > reader.size) throw createDamagedImageError()
  const data = { start: start + CHUNK_HEADER_BYTES, end: end - 4 }
  return { type: frame.toString('latin1', 4, 8), start, end, data }
}

async function visitChunk(reader: RangeReader, chunk: Chunk, walk: PngWalk): Promise<void> {
  const { type, data } = chunk
  const length = data.end - data.start
  if (type === 'IDAT') appendPart(walk.imageData, data)
  else if (type === 'iCCP') await assertProfile(reader, data)
  else if (type === 'eXIf') return await visitExif(reader, chunk, walk)
  else if (length > MAX_CHUNK_BYTES) return
  if (STILL_CHUNKS.has(type)) appendPart(walk.parts, chunk)
}

async function visitExif(reader: RangeReader, { data }: Chunk, walk: PngWalk): Promise<void> {
  const tiff = await reader.read(data.start, Math.min(MAX_EXIF_BYTES, data.end - data.start))
  walk.orientation = readOrientation(tiff)
  walk.parts.push(...createExifChunk(tiff))
}

/** Inflates a colour profile, with a limit, which is how a decoder would read it. One that cannot be inflated is ignored by decoders. */
async function assertProfile(reader: RangeReader, { start, end }: { start: number; end: number }): Promise<void> {
  assertProfileBytes(end - start)
  const chunk = await reader.read(start, end - start)
  const nameEnd = chunk.indexOf(0)
  try {
    inflateSync(chunk.subarray(nameEnd + 2), { maxOutputLength: MAX_PROFILE_BYTES })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      assertProfileBytes(Number.POSITIVE_INFINITY)
  }
}

/** Estimates the memory for decoding: some rows, or all of an image that is interlaced or has to be turned. */
function estimateBytes({ width, height, depth, channels, hasPalette }: PngHeader, isBuffered: boolean): number {
  const samples = (hasPalette ? 4 : channels) * Math.ceil(depth / 8)
  return width * samples * (isBuffered ? 2 * height : Math.min(height, BUFFERED_ROWS))
}
