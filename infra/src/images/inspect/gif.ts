import type { ImageLimits } from '../check-image.ts'
import {
  appendPart,
  assertDimensions,
  assertFrameCount,
  assertPartCount,
  createDamagedImageError,
  type ImageLayout,
  type ImagePart,
} from './image-layout.ts'
import type { RangeReader } from './range-reader.ts'

const [EXTENSION, GRAPHIC_CONTROL, IMAGE] = [0x21, 0xf9, 0x2c]
const TRAILER = 0x3b
const [HEADER_BYTES, DESCRIPTOR_BYTES] = [13, 10]
/** Memory of a pixel while it is decoded, in bytes: measured 5.2. */
const PIXEL_BYTES = 6

interface GifWalk {
  parts: ImagePart[]
  frames: number
  width: number
  height: number
}

/**
 * Inspects the blocks of a GIF. Comments and frames after the first are no part of the result.
 *
 * @throws MediaError
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
export async function inspectGif(reader: RangeReader, limits: ImageLimits): Promise<ImageLayout> {
  const header = await reader.read(0, HEADER_BYTES)
  if (header.length < HEADER_BYTES) throw createDamagedImageError()
  const start = HEADER_BYTES + countTableBytes(header.readUInt8(10))
  const walk: GifWalk = {
    ...{ parts: [{ start: 0, end: start }], frames: 0 },
    ...{ width: header.readUInt16LE(6), height: header.readUInt16LE(8) },
  }
  for (let [at, count] = [start, 1]; ; count += 1) {
    assertPartCount(count)
    const kind = (await reader.read(at, 1))[0]
    if (kind === EXTENSION) at = await visitExtension(reader, at, walk)
    else if (kind === IMAGE) at = await visitImage(reader, at, walk, limits)
    // Of an animation that is cut short, or ends with other data, the first frame is whole.
    else break
    if (at > reader.size) break
  }
  if (walk.frames === 0) throw createDamagedImageError()
  walk.parts.push(Uint8Array.of(TRAILER))
  const { width, height, frames, parts } = walk
  assertDimensions(width, height, limits)
  return { width, height, frames, decodedBytes: width * height * PIXEL_BYTES, parts }
}

/** Skips an extension. Before the first frame the one with its transparency is retained. */
async function visitExtension(reader: RangeReader, start: number, walk: GifWalk): Promise<number> {
  const label = (await reader.read(start + 1, 1))[0]
  const end = await skipSubBlocks(reader, start + 2)
  if (label === GRAPHIC_CONTROL && walk.frames === 0 && end - start < 16 && end <= reader.size)
    appendPart(walk.parts, { start, end })
  return end
}

async function visitImage(reader: RangeReader, start: number, walk: GifWalk, limits: ImageLimits): Promise<number> {
  const descriptor = await reader.read(start, DESCRIPTOR_BYTES)
  if (descriptor.length < DESCRIPTOR_BYTES) return reader.size + 1
  const codeSizeAt = start + DESCRIPTOR_BYTES + countTableBytes(descriptor.readUInt8(9))
  const end = await skipSubBlocks(reader, codeSizeAt + 1)
  if (end > reader.size && walk.frames === 0) throw createDamagedImageError()
  walk.frames += 1
  assertFrameCount(walk.frames)
  if (walk.frames > 1) return end
  // A decoder enlarges the screen to a first frame that is larger.
  walk.width = Math.max(walk.width, descriptor.readUInt16LE(1) + descriptor.readUInt16LE(5))
  walk.height = Math.max(walk.height, descriptor.readUInt16LE(3) + descriptor.readUInt16LE(7))
  assertDimensions(walk.width, walk.height, limits)
  appendPart(walk.parts, { start, end })
  return end
}

/** Returns the size of the colour table that the flags of a screen or an image announce. */
function countTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0
}

/** Returns the position after a sequence of sub-blocks and its terminator; one beyond the end of the file if that is missing. */
async function skipSubBlocks(reader: RangeReader, from: number): Promise<number> {
  for (let at = from; ; ) {
    const window = await reader.readWindow(at)
    if (window.length === 0) return reader.size + 1
    let index = 0
    while (index < window.length) {
      const length = window[index] ?? 0
      index += 1 + length
      if (length === 0) return at + index
    }
    at += index
  }
}
