export interface GifFrame {
  left: number
  top: number
  width: number
  height: number
  /** Index of the colour of all pixels, 0 to 3. */
  index: number
}

/** Colours of the screen: transparent, red, green, blue. */
const COLOURS = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]
const [CODE_BITS, CLEAR, END] = [3, 4, 5]

/** Builds a GIF block by block, whatever is in it, with comments between its frames. */
export function buildGif(width: number, height: number, frames: readonly GifFrame[], comment = 'comment'): Buffer {
  const header = Buffer.from('GIF89a\0\0\0\0\x81\0\0', 'latin1')
  header.writeUInt16LE(width, 6)
  header.writeUInt16LE(height, 8)
  const comments = Buffer.concat([Buffer.of(0x21, 0xfe), buildSubBlocks(Buffer.from(comment)), Buffer.of(0)])
  const blocks = frames.flatMap(frame => [comments, buildFrame(frame)])
  return Buffer.concat([header, Buffer.from(COLOURS), ...blocks, Buffer.of(0x3b)])
}

function buildFrame({ left, top, width, height, index }: GifFrame): Buffer {
  const control = Buffer.of(0x21, 0xf9, 4, 1, 10, 0, 0, 0)
  const descriptor = Buffer.alloc(10)
  descriptor[0] = 0x2c
  for (const [at, value] of [left, top, width, height].entries()) descriptor.writeUInt16LE(value, 1 + 2 * at)
  return Buffer.concat([
    control,
    descriptor,
    Buffer.of(2),
    buildSubBlocks(encodePixels(width * height, index)),
    Buffer.of(0),
  ])
}

/** Encodes pixels without compression: a table that is cleared after every two pixels does not grow. */
function encodePixels(count: number, index: number): Buffer {
  const codes = Array.from({ length: Math.ceil(count / 2) }, (_, pair) => [
    CLEAR,
    index,
    ...(2 * pair + 1 < count ? [index] : []),
  ])
  const bits = [...codes.flat(), END].flatMap(code => Array.from({ length: CODE_BITS }, (_, bit) => (code >> bit) & 1))
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7))
  return bytes
}

function buildSubBlocks(data: Buffer): Buffer {
  const count = Math.ceil(data.length / 255)
  const parts = Array.from({ length: count }, (_, index) => data.subarray(255 * index, 255 * (index + 1)))
  return Buffer.concat(parts.flatMap(part => [Buffer.of(part.length), part]))
}
