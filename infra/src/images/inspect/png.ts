import { inflateSync } from 'node:zlib'
import { readErrorCode } from '../../runtime/error-code.ts'
import type { ImageLimits } from '../check-image.ts'
import { isUsableProfile } from '../colour/icc-profile.ts'
import { createPngProfile } from '../colour/png-profile.ts'
import { readOrientation } from '../metadata/orientation.ts'
import { createExifChunk } from '../metadata/png-chunks.ts'
import {
  appendPart,
  assertDimensions,
  assertFrameCount,
  assertPartCount,
  assertProfileBytes,
  createDamagedImageError,
  type ImageLayout,
  type ImagePart,
  type InspectionDepth,
  MAX_PROFILE_BYTES,
} from './image-layout.ts'
import { assertDataBytes, assertImageData, countExcess } from './png-data.ts'
import { type PngHeader, readPngHeader } from './png-header.ts'
import { assertTexts, findLargeTexts, MAX_TEXT_BYTES, type TextChunk } from './png-texts.ts'
import type { Range, RangeReader } from './range-reader.ts'

const SIGNATURE_BYTES = 8
/** Length and type; with the checksum after the data. */
const [CHUNK_HEADER_BYTES, FRAME_BYTES] = [8, 12]
const HEADER_END = SIGNATURE_BYTES + FRAME_BYTES + 13
/** Chunks that a decoder gets as they are, beside profile and orientation. */
const RETAINED = new Set(['PLTE', 'IDAT', 'IEND', 'tRNS', 'pHYs'])
/** Chunks without which an image cannot be shown. A decoder rejects a file with others. */
const CRITICAL_CHUNKS = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND'])
/** Chunks of texts that may be compressed. */
const TEXT_CHUNKS = new Set(['zTXt', 'iTXt'])
/** Chunks that state colours without a profile. */
const COLOUR_CHUNKS = new Set(['cICP', 'sRGB', 'gAMA', 'cHRM'])
/** Largest chunk, except pixels and profile, that a decoder gets: a palette has 768 bytes. */
const MAX_CHUNK_BYTES = 1_024
/** Rows that are in memory at once, in all steps of a pipeline together. */
const BUFFERED_ROWS = 1_024
/** Largest EXIF block that the orientation is looked for in. */
const MAX_EXIF_BYTES = 1_000_000

/** A chunk: its type, and the ranges of itself and of its data. */
interface Chunk extends Range {
  type: string
  data: Range
}

interface PngWalk {
  /** Parts after the header and the profile. */
  parts: ImagePart[]
  profile: Range | undefined
  colours: Map<string, Buffer>
  imageData: Range[]
  /** Chunks of texts that may be compressed. */
  texts: TextChunk[]
  frames: number
  orientation: number
}

/**
 * Inspects the chunks of a PNG. Texts, frames of an animation and unknown chunks are no part of the result; colours are in a profile.
 *
 * @throws MediaError
 * @see https://www.w3.org/TR/png-3/#5Chunk-layout
 */
export async function inspectPng(
  reader: RangeReader,
  limits: ImageLimits,
  depth: InspectionDepth,
): Promise<ImageLayout> {
  const header = readPngHeader(await reader.read(SIGNATURE_BYTES, HEADER_END - SIGNATURE_BYTES))
  assertDimensions(header.width, header.height, limits)
  const walk = await walkChunks(reader)
  assertDataBytes(walk.imageData, header)
  const texts = await findLargeTexts(reader, walk.texts)
  if (depth === 'data') {
    await assertImageData(reader, walk.imageData, header)
    await assertTexts(reader, texts)
  }
  const { width, height } = header
  const isBuffered = header.isInterlaced || walk.orientation !== 1
  const decodedBytes = estimateBytes(header, isBuffered)
  const excessBytes = countExcess(walk.imageData, header) + (texts.length > 0 ? MAX_TEXT_BYTES : 0)
  const frames = Math.max(1, walk.frames)
  return { width, height, frames, decodedBytes, excessBytes, parts: selectParts(header, walk) }
}

function selectParts({ channels, hasPalette }: PngHeader, { profile, colours, parts }: PngWalk): ImagePart[] {
  const selected: ImagePart[] = []
  const stated = profile ?? createPngProfile(colours, channels < 3 && !hasPalette)
  for (const part of [{ start: 0, end: HEADER_END }, ...(stated ? [stated] : []), ...parts]) appendPart(selected, part)
  return selected
}

async function walkChunks(reader: RangeReader): Promise<PngWalk> {
  const walk: PngWalk = {
    ...{ parts: [], profile: undefined, colours: new Map<string, Buffer>() },
    ...{ imageData: [], texts: [], frames: 0, orientation: 1 },
  }
  const seen = new Set<string>(['IHDR'])
  for (let [at, count] = [HEADER_END, 2]; ; count += 1) {
    assertPartCount(count)
    const chunk = await readChunk(reader, at)
    if (isCritical(chunk.type) && !CRITICAL_CHUNKS.has(chunk.type)) throw createDamagedImageError()
    if (chunk.type === 'fcTL') walk.frames += 1
    else if (TEXT_CHUNKS.has(chunk.type)) walk.texts.push({ type: chunk.type, ...chunk.data })
    else if (!seen.has(chunk.type) || chunk.type === 'IDAT') await visitChunk(reader, chunk, walk)
    if (chunk.type === 'IEND') break
    seen.add(chunk.type)
    at = chunk.end
  }
  assertFrameCount(walk.frames)
  if (walk.imageData.length === 0) throw createDamagedImageError()
  return walk
}

/** Returns whether a reader has to know a chunk: its type begins with a capital letter. */
function isCritical(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) === 0
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
  const { type, start, end, data } = chunk
  if (type === 'IDAT') walk.imageData.push(data)
  if (type === 'iCCP') {
    if (await hasUsableProfile(reader, data)) walk.profile = { start, end }
  } else if (type === 'eXIf') await visitExif(reader, data, walk)
  else if (type !== 'IDAT' && end - start > MAX_CHUNK_BYTES) return
  else if (COLOUR_CHUNKS.has(type)) {
    // A copy: the next read may move the window.
    walk.colours.set(type, Buffer.from(await reader.read(data.start, data.end - data.start)))
  } else if (RETAINED.has(type)) appendPart(walk.parts, { start, end })
}

async function visitExif(reader: RangeReader, { start, end }: Range, walk: PngWalk): Promise<void> {
  const tiff = await reader.read(start, Math.min(MAX_EXIF_BYTES, end - start))
  walk.orientation = readOrientation(tiff)
  walk.parts.push(...createExifChunk(tiff))
}

/**
 * Inflates a colour profile, with a limit, as a decoder would. One that is damaged is not used.
 *
 * @throws MediaError if it is too large
 */
async function hasUsableProfile(reader: RangeReader, { start, end }: Range): Promise<boolean> {
  assertProfileBytes(end - start)
  const chunk = await reader.read(start, end - start)
  try {
    return isUsableProfile(inflateSync(chunk.subarray(chunk.indexOf(0) + 2), { maxOutputLength: MAX_PROFILE_BYTES }))
  } catch (cause) {
    if (readErrorCode(cause) === 'ERR_BUFFER_TOO_LARGE') assertProfileBytes(Number.POSITIVE_INFINITY)
    return false
  }
}

/** Estimates the memory for decoding: some rows, or all of an image that is interlaced or has to be turned. */
function estimateBytes({ width, height, depth, channels, hasPalette }: PngHeader, isBuffered: boolean): number {
  const samples = (hasPalette ? 4 : channels) * Math.ceil(depth / 8)
  return width * samples * (isBuffered ? 2 * height : Math.min(height, BUFFERED_ROWS))
}
