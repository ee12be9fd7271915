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
export function buildGif(
  width: number,
  height: number,
  frames: readonly GifFrame[],
  comment = 'comment',
  blockBytes = 255,
): Buffer {
  const header = Buffer.from('GIF89a\0\0\0\0\x81\0\0', 'latin1')
  header.writeUInt16LE(width, 6)
  header.writeUInt16LE(height, 8)
  const comments = Buffer.concat([
    Buffer.of(0x21, 0xfe),
    buildSubBlocks(Buffer.from(comment), blockBytes),
    Buffer.of(0),
  ])
  // Frames that are the same object are built once: there may be very many.
  const built = new Map<GifFrame, Buffer>(frames.map(frame => [frame, Buffer.alloc(0)]))
  for (const frame of built.keys()) built.set(frame, buildFrame(frame))
  const blocks = frames.flatMap(frame => [comments, built.get(frame) ?? Buffer.alloc(0)])
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

function buildSubBlocks(data: Buffer, blockBytes = 255): Buffer {
  const count = Math.ceil(data.length / blockBytes)
  const blocks = Buffer.alloc(data.length + count)
  for (let index = 0; index < count; index += 1) {
    const part = data.subarray(blockBytes * index, blockBytes * (index + 1))
    blocks[(blockBytes + 1) * index] = part.length
    blocks.set(part, (blockBytes + 1) * index + 1)
  }
  return blocks
}
