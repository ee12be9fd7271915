import { assertPartCount, createDamagedImageError } from './image-layout.ts'
import type { RangeReader } from './range-reader.ts'

/** A box of an ISO base media file: its type, and the ranges of itself and of its content. */
export interface Box {
  type: string
  start: number
  contentStart: number
  end: number
}

const [SHORT_HEADER_BYTES, LONG_HEADER_BYTES] = [8, 16]
/** Sizes that mean: as the next eight bytes state, and: up to the end of the file. */
const [LONG_SIZE, OPEN_SIZE] = [1, 0]

/**
 * Reads the headers of the boxes of a file, up to the first that does not end within it: some programs append other data.
 *
 * @see ISO/IEC 14496-12 section 4.2
 */
export async function readFileBoxes(reader: RangeReader): Promise<Box[]> {
  const boxes: Box[] = []
  for (let at = 0; at + SHORT_HEADER_BYTES <= reader.size; ) {
    const box = readBox(await reader.read(at, LONG_HEADER_BYTES), at, reader.size)
    if (box.end > reader.size || box.end < box.contentStart) break
    boxes.push(box)
    assertPartCount(boxes.length)
    at = box.end
  }
  return boxes
}

/**
 * Reads the headers of the boxes in a range.
 *
 * @throws MediaError if one does not end within the range
 */
export async function readBoxes(reader: RangeReader, range: { start: number; end: number }): Promise<Box[]> {
  const boxes: Box[] = []
  for (let at = range.start; at + SHORT_HEADER_BYTES <= range.end; ) {
    const box = readBox(await reader.read(at, LONG_HEADER_BYTES), at, undefined)
    if (box.end > range.end || box.end < box.contentStart) throw createDamagedImageError()
    boxes.push(box)
    assertPartCount(boxes.length)
    at = box.end
  }
  return boxes
}

/** Reads the boxes within the content of a box in memory. Their ranges count from the beginning of that content. */
export function readNestedBoxes(content: Buffer, from = 0): (Box & { content: Buffer })[] {
  const boxes: (Box & { content: Buffer })[] = []
  for (let at = from; at + SHORT_HEADER_BYTES <= content.length; ) {
    const box = readBox(content.subarray(at, at + LONG_HEADER_BYTES), at, undefined)
    if (box.end > content.length || box.end < box.contentStart) throw createDamagedImageError()
    boxes.push({ ...box, content: content.subarray(box.contentStart, box.end) })
    assertPartCount(boxes.length)
    at = box.end
  }
  return boxes
}

function readBox(header: Buffer, start: number, fileEnd: number | undefined): Box {
  const size = header.readUInt32BE(0)
  const type = header.toString('latin1', 4, 8)
  if (size === OPEN_SIZE) {
    if (fileEnd === undefined) throw createDamagedImageError()
    return { type, start, contentStart: start + SHORT_HEADER_BYTES, end: fileEnd }
  }
  if (size !== LONG_SIZE) return { type, start, contentStart: start + SHORT_HEADER_BYTES, end: start + size }
  const longSize = header.readUInt32BE(SHORT_HEADER_BYTES) * 2 ** 32 + header.readUInt32BE(12)
  return { type, start, contentStart: start + LONG_HEADER_BYTES, end: start + longSize }
}
