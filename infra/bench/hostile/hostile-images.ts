import { deflateSync } from 'node:zlib'
import { createChunk } from '../../src/images/metadata/png-chunks.ts'

const MEGABYTE = 1_000_000
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
const SMALL_ROWS = Buffer.alloc(8 * (1 + 8 * 3))

/** A PNG that is cheap to send and dear to decode. */
export interface HostileImage {
  name: string
  bytes: Buffer
}

/** Creates six hostile images, each of its own kind. */
export function createHostileImages(): HostileImage[] {
  const packedText = createChunk(
    'zTXt',
    Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(32 * MEGABYTE))]),
  )
  const profile = createChunk('iCCP', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(200 * MEGABYTE))]))
  const text = createChunk('tEXt', Buffer.from('a\0b'))
  const small = { width: 8, height: 8, depth: 8, color: 2 }
  return [
    { name: '640 MB of compressed texts', bytes: createPng(small, SMALL_ROWS, Array<Buffer>(20).fill(packedText)) },
    {
      name: 'a row of 50,000,000 pixels',
      bytes: createPng({ ...WHITE, width: 50_000_000, height: 1 }, Buffer.alloc(6_250_001)),
    },
    { name: '200 MB of rows for 8', bytes: createPng(small, Buffer.alloc(200 * MEGABYTE)) },
    { name: 'a profile of 200 MB', bytes: createPng(small, SMALL_ROWS, [profile]) },
    { name: '1,000,000 texts', bytes: createPng(small, SMALL_ROWS, Array<Buffer>(MEGABYTE).fill(text)) },
    {
      name: '49 megapixels of nothing',
      bytes: createPng({ ...WHITE, width: 7_000, height: 7_000 }, Buffer.alloc(876 * 7_000)),
    },
  ]
}

interface Header {
  width: number
  height: number
  depth: number
  color: number
}

const WHITE = { depth: 1, color: 0 }

function createPng({ width, height, depth, color }: Header, rows: Buffer, extra: readonly Buffer[] = []): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = depth
  header[9] = color
  const pixels = createChunk('IDAT', deflateSync(rows, { level: 9 }))
  return Buffer.concat([SIGNATURE, createChunk('IHDR', header), ...extra, pixels, createChunk('IEND', Buffer.of())])
}
