import type { ImageLimits } from '../check-image.ts'
import { MediaError } from '../media-error.ts'
import { convertSegment } from '../metadata/jpeg-segments.ts'
import {
  appendPart,
  assertDimensions,
  assertPartCount,
  assertProfileBytes,
  createDamagedImageError,
  type ImageLayout,
  type ImagePart,
} from './image-layout.ts'
import { assertDecodableFrame, estimateBytes, type JpegFrame, readJpegFrame } from './jpeg-frame.ts'
import type { RangeReader } from './range-reader.ts'

const [MARKER, TEM, FIRST_RESTART, LAST_RESTART, END, SCAN] = [0xff, 0x01, 0xd0, 0xd7, 0xd9, 0xda]
const [FIRST_FRAME, LAST_FRAME] = [0xc0, 0xcf]
/** Markers among those of frames that begin something else: tables, an extension, and arithmetic conditioning. */
const NO_FRAMES = new Set([0xc4, 0xc8, 0xcc])
const [APP0, APP1, APP2, APP15, COMMENT] = [0xe0, 0xe1, 0xe2, 0xef, 0xfe]
const PROFILE_SIGNATURE = 'ICC_PROFILE\0'
/** Scans of a progressive image: encoders write about 10, and a decoder visits all pixels for each. */
const MAX_SCANS = 100

interface JpegWalk {
  parts: ImagePart[]
  frame: JpegFrame | undefined
  scans: number
  scanBytes: number
  profileBytes: number
  isTurned: boolean
}

/** A segment: its marker, and its range from the marker on. */
interface Segment {
  marker: number
  start: number
  end: number
}

/**
 * Inspects the segments of a JPEG. Comments, metadata, thumbnails and what follows the image are no part of the result.
 *
 * @throws MediaError
 * @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf annex B
 */
export async function inspectJpeg(reader: RangeReader, limits: ImageLimits): Promise<ImageLayout> {
  const walk: JpegWalk = {
    ...{ parts: [{ start: 0, end: 2 }], frame: undefined },
    ...{ scans: 0, scanBytes: 0, profileBytes: 0, isTurned: false },
  }
  for (let [at, count] = [2, 1]; ; count += 1) {
    assertPartCount(count)
    // Without a marker of its end, an image may still be whole: the decoder knows.
    if (at === reader.size && walk.scans > 0) break
    const segment = await readSegment(reader, at)
    if (segment.marker === END) {
      appendPart(walk.parts, segment)
      break
    }
    at = segment.marker === SCAN ? await visitScan(reader, segment, walk) : segment.end
    if (segment.marker !== SCAN) await visitSegment(reader, segment, walk, limits)
  }
  if (!walk.frame || walk.scanBytes < walk.frame.minScanBytes) throw createDamagedImageError()
  const { width, height } = walk.frame
  return { width, height, frames: 1, decodedBytes: estimateBytes(walk.frame, walk.isTurned), parts: walk.parts }
}

/** Reads the segment that begins at or after a position: decoders skip whatever precedes its marker. */
async function readSegment(reader: RangeReader, from: number): Promise<Segment> {
  const start = await findMarker(reader, from, marker => marker !== 0 && marker !== MARKER)
  const header = await reader.read(start, 4)
  if (header.length < 2) throw createDamagedImageError()
  const marker = header.readUInt8(1)
  const isStandalone = marker === TEM || (marker >= FIRST_RESTART && marker <= END)
  if (isStandalone) return { marker, start, end: start + 2 }
  if (header.length < 4 || header.readUInt16BE(2) < 2) throw createDamagedImageError()
  const end = start + 2 + header.readUInt16BE(2)
  if (end > reader.size) throw createDamagedImageError()
  return { marker, start, end }
}

async function visitSegment(reader: RangeReader, segment: Segment, walk: JpegWalk, limits: ImageLimits): Promise<void> {
  const { marker, start, end } = segment
  const isFrame = marker >= FIRST_FRAME && marker <= LAST_FRAME && !NO_FRAMES.has(marker)
  if (!isFrame && !isApplication(marker)) return appendPart(walk.parts, segment)
  const bytes = await reader.read(start, end - start)
  if (isFrame) {
    if (walk.frame) throw createDamagedImageError()
    walk.frame = readJpegFrame(bytes)
    assertDecodableFrame(walk.frame)
    assertDimensions(walk.frame.width, walk.frame.height, limits)
    return appendPart(walk.parts, segment)
  }
  visitApplication(bytes, segment, walk)
}

function isApplication(marker: number): boolean {
  return (marker >= APP0 && marker <= APP15) || marker === COMMENT
}

function visitApplication(bytes: Buffer, segment: Segment, walk: JpegWalk): void {
  if (segment.marker === APP2 && bytes.toString('latin1', 4, 4 + PROFILE_SIGNATURE.length) === PROFILE_SIGNATURE) {
    walk.profileBytes += bytes.length
    assertProfileBytes(walk.profileBytes)
  }
  const converted = convertSegment(bytes, segment.marker)
  // EXIF is retained for an image that is not upright alone.
  if (segment.marker === APP1 && converted.length > 0) walk.isTurned = true
  for (const part of converted) {
    if (part === bytes) appendPart(walk.parts, segment)
    // A copy: views of a file's window would retain all of it.
    else walk.parts.push(Buffer.from(part))
  }
}

/** Returns where the next segment after a scan begins. */
async function visitScan(reader: RangeReader, { start, end }: Segment, walk: JpegWalk): Promise<number> {
  walk.scans += 1
  if (walk.scans > MAX_SCANS) throw new MediaError('unfit', `is a JPEG of more than ${MAX_SCANS} scans`)
  const isNext = (marker: number) =>
    marker !== 0 && marker !== MARKER && !(marker >= FIRST_RESTART && marker <= LAST_RESTART)
  const next = await findMarker(reader, end, isNext)
  walk.scanBytes += next - end
  appendPart(walk.parts, { start, end: next })
  return next
}

/**
 * Finds the first marker at or after a position.
 *
 * @returns the end of the file if there is none
 */
async function findMarker(reader: RangeReader, from: number, matches: (marker: number) => boolean): Promise<number> {
  let isAfterMarker = false
  for (let at = from; ; ) {
    const window = await reader.readWindow(at)
    if (window.length === 0) return reader.size
    const first = window[0] ?? 0
    if (isAfterMarker && matches(first)) return at - 1
    // By the search of the runtime: a loop over all bytes takes many times as long.
    for (let index = window.indexOf(MARKER); index >= 0; index = window.indexOf(MARKER, index + 1)) {
      const byte = window[index + 1]
      if (byte !== undefined && matches(byte)) return at + index
    }
    isAfterMarker = window.at(-1) === MARKER
    at += window.length
  }
}
