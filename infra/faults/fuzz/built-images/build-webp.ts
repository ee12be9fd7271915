import type { Random } from '../../../testing/random.ts'
import type { BaseImages, BuiltImage } from './built-image.ts'
import { createExif } from './exif.ts'
import { createMetadataText } from './metadata-texts.ts'
import { createOrderMutations, insertRandomly, type MutatePieces, mutatePieces } from './mutate-pieces.ts'

/** A chunk of a RIFF file. `length` is that of the data unless it is given. */
interface RiffChunk {
  type: string
  data: Buffer
  length?: number
}

const HEAD_BYTES = 12
const LENGTHS = [0, 1, 7, 2 ** 31, 2 ** 32 - 1]

/** Mutates the chunks of a WebP. */
export function buildWebp(random: Random, bases: BaseImages): BuiltImage {
  const base = random.pick(bases.filter(({ type }) => type === 'image/webp'))
  const { pieces, names } = mutatePieces(splitChunks(base.bytes), {
    mutations: MUTATIONS,
    sizeOf: ({ data }) => data.length + 8,
    random,
  })
  const length = random.oneIn(6) ? random.pick(LENGTHS) : undefined
  const mutations = names.map(name => `a WebP: ${name}`)
  return { type: 'image/webp', bytes: serialize(pieces, length), mutations }
}

function splitChunks(bytes: Buffer): RiffChunk[] {
  const chunks: RiffChunk[] = []
  for (let at = HEAD_BYTES; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4)
    chunks.push({ type: bytes.toString('latin1', at, at + 4), data: bytes.subarray(at + 8, at + 8 + length) })
    at += 8 + length + (length % 2)
  }
  return chunks
}

function serialize(chunks: readonly RiffChunk[], length?: number): Buffer {
  const body = Buffer.concat(chunks.map(serializeChunk))
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  head.writeUInt32LE(length ?? body.length + 4, 4)
  return Buffer.concat([head, body])
}

function serializeChunk({ type, data, length = data.length }: RiffChunk): Buffer {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32LE(length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

/** Creates the header of an extended file: flags, and edges less one in three bytes each. */
function createExtendedHeader(random: Random): RiffChunk {
  const data = Buffer.alloc(10)
  data[0] = random.nextInt(256)
  data.writeUIntLE(random.pick([0, 23, 16_383, 2 ** 24 - 1]), 4, 3)
  data.writeUIntLE(random.pick([0, 23, 16_383, 2 ** 24 - 1]), 7, 3)
  return { type: 'VP8X', data }
}

/** Creates a frame of an animation, with a rectangle anywhere, around a chunk of pixels. */
function createFrame(chunk: RiffChunk, random: Random): RiffChunk {
  const head = Buffer.alloc(16)
  for (const offset of [0, 3, 6, 9]) head.writeUIntLE(random.pick([0, 11, 16_383, 2 ** 24 - 1]), offset, 3)
  return { type: 'ANMF', data: Buffer.concat([head, serializeChunk(chunk)]) }
}

function changeFirstBytes(chunk: RiffChunk, random: Random): RiffChunk {
  const data = Buffer.from(chunk.data)
  random.bytes(4).copy(data, random.nextInt(Math.max(1, Math.min(12, data.length - 4))))
  return { ...chunk, data }
}

function withRandomChunk(chunks: RiffChunk[], random: Random, change: (chunk: RiffChunk) => RiffChunk): RiffChunk[] {
  const index = random.nextInt(chunks.length)
  const chunk = chunks[index]
  return chunk ? chunks.with(index, change(chunk)) : chunks
}

const MUTATIONS: Record<string, MutatePieces<RiffChunk>> = {
  ...createOrderMutations<RiffChunk>('chunk'),
  'an extended header': (chunks, random) => [createExtendedHeader(random), ...chunks],
  'other edges': (chunks, random) => withRandomChunk(chunks, random, chunk => changeFirstBytes(chunk, random)),
  'another length': (chunks, random) =>
    withRandomChunk(chunks, random, chunk => ({ ...chunk, length: random.pick(LENGTHS) })),
  'another type': (chunks, random) =>
    withRandomChunk(chunks, random, chunk => ({
      ...chunk,
      type: random.pick(['VP8 ', 'VP8L', 'ALPH', 'ANMF', 'zzzz']),
    })),
  frames: (chunks, random) => [
    createExtendedHeader(random),
    { type: 'ANIM', data: Buffer.alloc(6) },
    ...Array.from({ length: random.pick([1, 5, 3_000]) }, () => createFrame(random.pick(chunks), random)),
  ],
  'a camera': (chunks, random) => insertRandomly(chunks, random, [{ type: 'EXIF', data: createExif(random) }]),
  'a text': (chunks, random) =>
    insertRandomly(chunks, random, [{ type: 'XMP ', data: Buffer.from(createMetadataText(random).text) }]),
  'a profile': (chunks, random) =>
    insertRandomly(chunks, random, [{ type: 'ICCP', data: random.bytes(random.pick([4, 200, 5_000])) }]),
}
