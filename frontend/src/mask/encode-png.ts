import type { MaskRaster } from './rasterise.ts'

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const GREY_8_BIT = [8, 0, 0, 0, 0]
const ROWS_AT_ONCE = 64

/**
 * Encodes a mask as the studio takes it: an opaque PNG of its size, white where the image is to be changed and black elsewhere. The
 * processor turns it into the form of each model (`infra/src/images/mask.ts`). A canvas would need four bytes a pixel for this.
 *
 * @see https://www.w3.org/TR/png-3/
 */
export async function encodeMaskPng(raster: MaskRaster): Promise<Uint8Array<ArrayBuffer>> {
  const rows = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: controller => writeRows(raster, controller) })
  const stream = rows.pipeThrough(new CompressionStream('deflate'))
  const pixels = new Uint8Array(await new Response(stream).arrayBuffer())
  const header = new Uint8Array([...toBigEndian(raster.width), ...toBigEndian(raster.height), ...GREY_8_BIT])
  const parts = [
    new Uint8Array(SIGNATURE),
    createChunk('IHDR', header),
    createChunk('IDAT', pixels),
    createChunk('IEND', new Uint8Array()),
  ]
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

/** Writes the rows, each behind the byte of its filter: none. */
function writeRows(
  { width, height, data }: MaskRaster,
  controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
): void {
  for (let top = 0; top < height; top += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, height - top)
    const rows = new Uint8Array(count * (width + 1))
    for (let row = 0; row < count; row += 1) {
      const start = (top + row) * width
      rows.set(data.subarray(start, start + width), row * (width + 1) + 1)
    }
    controller.enqueue(rows)
  }
  controller.close()
}

function createChunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(12 + content.length)
  chunk.set(toBigEndian(content.length))
  chunk.set(new TextEncoder().encode(type), 4)
  chunk.set(content, 8)
  chunk.set(toBigEndian(computeCrc(chunk.subarray(4, 8 + content.length))), 8 + content.length)
  return chunk
}

function toBigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** Computes the CRC-32 of a chunk. @see https://www.w3.org/TR/png-3/#samplecrc */
function computeCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
