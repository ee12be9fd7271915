import { deflateSync } from 'node:zlib'
import { buildPng, type PngOptions } from '../../src/images/inspect/build-png.fixture.ts'
import { createChunk } from '../../src/images/metadata/png-chunks.ts'

const MEGABYTE = 1_000_000
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
  const small = { width: 8, height: 8 }
  return [
    {
      name: '640 MB of compressed texts',
      bytes: createPng({ ...small, chunks: Array<Buffer>(20).fill(packedText) }, SMALL_ROWS),
    },
    {
      name: 'a row of 50,000,000 pixels',
      bytes: createPng({ ...WHITE, width: 50_000_000, height: 1 }, Buffer.alloc(6_250_001)),
    },
    { name: '200 MB of rows for 8', bytes: createPng(small, Buffer.alloc(200 * MEGABYTE)) },
    { name: 'a profile of 200 MB', bytes: createPng({ ...small, chunks: [profile] }, SMALL_ROWS) },
    { name: '1,000,000 texts', bytes: createPng({ ...small, chunks: Array<Buffer>(MEGABYTE).fill(text) }, SMALL_ROWS) },
    {
      name: '49 megapixels of nothing',
      bytes: createPng({ ...WHITE, width: 7_000, height: 7_000 }, Buffer.alloc(876 * 7_000)),
    },
  ]
}

const WHITE = { depth: 1, colour: 0 }

function createPng(size: Omit<PngOptions, 'imageData'>, rows: Buffer): Buffer {
  return buildPng({ ...size, imageData: deflateSync(rows, { level: 9 }) })
}
