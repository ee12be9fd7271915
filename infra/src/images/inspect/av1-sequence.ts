import { assertPartCount } from './image-layout.ts'
import type { Range, RangeReader } from './range-reader.ts'

/** The largest size of a frame that an AV1 bitstream states. */
export interface Av1Sequence {
  width: number
  height: number
}

/** A unit of a bitstream (OBU): its kind, and the ranges of its content. */
interface Unit {
  type: number
  contentStart: number
  end: number
}

const SEQUENCE_HEADER = 1
/** Enough for the header of a unit, and for any sequence header up to its size. */
const UNIT_BYTES = 256

/**
 * Reads the sizes that an AV1 bitstream states, of which there is one unless the file is hostile.
 *
 * @throws RangeError if it is damaged
 * @see https://aomediacodec.github.io/av1-spec/ sections 5.3 and 5.5
 */
export async function readAv1Sequences(reader: RangeReader, { start, end }: Range): Promise<Av1Sequence[]> {
  const sequences: Av1Sequence[] = []
  for (let [at, count] = [start, 1]; at < end; count += 1) {
    assertPartCount(count)
    const bytes = await reader.read(at, Math.min(UNIT_BYTES, end - at))
    const unit = readUnit(bytes, end - at)
    if (unit.type === SEQUENCE_HEADER) sequences.push(readSequenceHeader(bytes.subarray(unit.contentStart, unit.end)))
    at += unit.end
  }
  return sequences
}

function readUnit(bytes: Buffer, available: number): Unit {
  const header = bytes.readUInt8(0)
  const [type, hasExtension, hasSize] = [(header >> 3) & 15, (header & 4) !== 0, (header & 2) !== 0]
  const sizeStart = hasExtension ? 2 : 1
  if (!hasSize) return { type, contentStart: sizeStart, end: available }
  const [length, contentStart] = readLeb128(bytes, sizeStart)
  return { type, contentStart, end: contentStart + length }
}

function readLeb128(bytes: Buffer, from: number): [value: number, end: number] {
  let value = 0
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes.readUInt8(from + index)
    value += (byte & 0x7f) * 2 ** (7 * index)
    if ((byte & 0x80) === 0) return [value, from + index + 1]
  }
  throw new RangeError('a size is too long')
}

function readSequenceHeader(bytes: Buffer): Av1Sequence {
  const bits = openBits(bytes)
  bits.read(3)
  bits.read(1)
  const isReduced = bits.read(1) === 1
  if (isReduced) bits.read(5)
  else skipOperatingPoints(bits)
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1]
  return { width: bits.read(widthBits) + 1, height: bits.read(heightBits) + 1 }
}

type Bits = ReturnType<typeof openBits>

/** Skips timing and operating points, whose fields depend on one another. */
function skipOperatingPoints(bits: Bits): void {
  const hasTiming = bits.read(1) === 1
  let delayBits: number | undefined
  if (hasTiming) {
    bits.read(32)
    bits.read(32)
    if (bits.read(1) === 1) bits.skipUvlc()
    if (bits.read(1) === 1) {
      delayBits = bits.read(5) + 1
      bits.read(32)
      bits.read(5)
      bits.read(5)
    }
  }
  const hasInitialDelay = bits.read(1) === 1
  for (let left = bits.read(5) + 1; left > 0; left -= 1) {
    bits.read(12)
    if (bits.read(5) > 7) bits.read(1)
    if (delayBits !== undefined && bits.read(1) === 1) {
      bits.read(delayBits)
      bits.read(delayBits)
      bits.read(1)
    }
    if (hasInitialDelay && bits.read(1) === 1) bits.read(4)
  }
}

function openBits(bytes: Buffer) {
  let at = 0
  const read = (count: number): number => {
    let value = 0
    for (let left = count; left > 0; left -= 1) {
      value = value * 2 + ((bytes.readUInt8(at >> 3) >> (7 - (at & 7))) & 1)
      at += 1
    }
    return value
  }
  const skipUvlc = (): void => {
    let zeros = 0
    while (read(1) === 0) zeros += 1
    if (zeros < 32) read(zeros)
  }
  return { read, skipUvlc }
}
