import { crc32, deflateSync } from 'node:zlib'
import type { Random } from '../../../testing/random.ts'
import type { BuiltImage } from './built-image.ts'
import { createExif } from './exif.ts'
import { createMetadataText } from './metadata-texts.ts'
import { createOrderMutations, insertRandomly, type MutatePieces, mutatePieces } from './mutate-pieces.ts'
import { createPackedZeros } from './packed-data.ts'

/** A chunk as it is written. `length` and `crc` are computed unless they are given. */
interface Chunk {
  type: string
  data: Buffer
  length?: number
  crc?: number
}

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
const MEBIBYTE = 1024 * 1024

/** Channels and bit depths of each color type. @see https://www.w3.org/TR/png-3/#3colourType */
const COLOR_TYPES = [
  { colorType: 0, channels: 1, depths: [1, 2, 4, 8, 16] },
  { colorType: 2, channels: 3, depths: [8, 16] },
  { colorType: 3, channels: 1, depths: [1, 2, 4, 8] },
  { colorType: 4, channels: 2, depths: [8, 16] },
  { colorType: 6, channels: 4, depths: [8, 16] },
]
const EDGES = [0, 1, 3, 16_383, 16_384, 65_535, 65_536, 1_000_000, 50_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]

/** Builds a PNG of any valid color type and depth, and mutates its chunks most times. */
export function buildPng(random: Random): BuiltImage {
  const chunks = createChunks(random)
  if (random.oneIn(4)) return { type: 'image/png', bytes: serialize(chunks), mutations: [] }
  const { pieces, names } = mutatePieces(chunks, {
    mutations: MUTATIONS,
    sizeOf: ({ data }) => data.length + 12,
    random,
  })
  return { type: 'image/png', bytes: serialize(pieces), mutations: names.map(name => `a PNG: ${name}`) }
}

function createChunks(random: Random): Chunk[] {
  const { colorType, channels, depths } = random.pick(COLOR_TYPES)
  const depth = random.pick(depths)
  const [width, height] = [1 + random.nextInt(40), 1 + random.nextInt(40)]
  const rowBytes = Math.ceil((width * channels * depth) / 8)
  const rows = Array.from({ length: height }, () =>
    Buffer.concat([Buffer.from([random.nextInt(5)]), random.bytes(rowBytes)]),
  )
  return [
    { type: 'IHDR', data: createHeader({ width, height, depth, colorType }) },
    ...(random.oneIn(3) ? [{ type: 'gAMA', data: Buffer.from('0000b18f', 'hex') }] : []),
    ...(colorType === 3 ? [{ type: 'PLTE', data: random.bytes(3 * 2 ** depth) }] : []),
    ...(random.oneIn(2) ? [createText(random)] : []),
    { type: 'IDAT', data: deflateSync(Buffer.concat(rows)) },
    { type: 'IEND', data: Buffer.of() },
  ]
}

function createHeader(header: { width: number; height: number; depth: number; colorType: number }): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(header.width, 0)
  data.writeUInt32BE(header.height, 4)
  data[8] = header.depth
  data[9] = header.colorType
  return data
}

function createText(random: Random): Chunk {
  const { keyword, text } = createMetadataText(random)
  const head = Buffer.from(`${keyword}\0`, 'latin1')
  if (random.oneIn(3)) {
    return { type: 'zTXt', data: Buffer.concat([head, Buffer.from([0]), deflateSync(Buffer.from(text, 'latin1'))]) }
  }
  if (random.oneIn(2)) return { type: 'tEXt', data: Buffer.concat([head, Buffer.from(text, 'latin1')]) }
  return { type: 'iTXt', data: Buffer.concat([head, Buffer.from([0, 0, 0, 0]), Buffer.from(text)]) }
}

/** Creates a chunk whose compressed part becomes many times as large. */
function createPackedChunk(type: 'zTXt' | 'iTXt' | 'iCCP', inflatedBytes: number): Chunk {
  const heads = { zTXt: 'a\0\0', iTXt: 'a\0\x01\0\0\0', iCCP: 'a\0\0' }
  return { type, data: Buffer.concat([Buffer.from(heads[type], 'latin1'), createPackedZeros(inflatedBytes)]) }
}

function changeHeader(chunks: Chunk[], change: (header: Buffer) => void): Chunk[] {
  return chunks.map(chunk => {
    if (chunk.type !== 'IHDR') return chunk
    const data = Buffer.from(chunk.data)
    if (data.length === 13) change(data)
    return { ...chunk, data }
  })
}

function replaceData(chunks: Chunk[], type: string, data: Buffer): Chunk[] {
  return chunks.map(chunk => (chunk.type === type ? { ...chunk, data } : chunk))
}

function splitData({ type, data }: Chunk, bytes: number): Chunk[] {
  return Array.from({ length: Math.ceil(data.length / bytes) }, (_, index) => ({
    type,
    data: data.subarray(index * bytes, (index + 1) * bytes),
  }))
}

const MUTATIONS: Record<string, MutatePieces<Chunk>> = {
  ...createOrderMutations<Chunk>('chunk'),
  'another edge': (chunks, random) =>
    changeHeader(chunks, header => header.writeUInt32BE(random.pick(EDGES), random.pick([0, 4]))),
  'other edges': (chunks, random) =>
    changeHeader(chunks, header => {
      header.writeUInt32BE(random.pick(EDGES), 0)
      header.writeUInt32BE(random.pick(EDGES), 4)
    }),
  'another depth': (chunks, random) => changeHeader(chunks, header => header.fill(random.nextInt(33), 8, 9)),
  'another color type': (chunks, random) => changeHeader(chunks, header => header.fill(random.nextInt(8), 9, 10)),
  interlaced: chunks => changeHeader(chunks, header => header.fill(1, 12, 13)),
  'rows that inflate to too much': chunks => replaceData(chunks, 'IDAT', createPackedZeros(64 * MEBIBYTE)),
  'rows of nothing': chunks => replaceData(chunks, 'IDAT', deflateSync(Buffer.of())),
  'rows in bytes': chunks => chunks.flatMap(chunk => (chunk.type === 'IDAT' ? splitData(chunk, 1) : [chunk])),
  'packed texts': (chunks, random) =>
    insertRandomly(
      chunks,
      random,
      Array<Chunk>(1 + random.nextInt(40)).fill(createPackedChunk(random.pick(['zTXt', 'iTXt']), 32_000_000)),
    ),
  'a packed profile': (chunks, random) =>
    chunks.toSpliced(1, 0, createPackedChunk('iCCP', random.pick([1_000, 4_000_000, 64 * MEBIBYTE]))),
  'many texts': (chunks, random) =>
    insertRandomly(chunks, random, Array<Chunk>(random.pick([500, 20_000, 200_000])).fill(createText(random))),
  'a camera': (chunks, random) => chunks.toSpliced(1, 0, { type: 'eXIf', data: createExif(random) }),
  'an animation': (chunks, random) => createAnimation(chunks, random),
  'an unknown chunk': (chunks, random) =>
    insertRandomly(chunks, random, [{ type: random.pick(['abCD', 'ABCD', '\0\0\0\0']), data: random.bytes(20) }]),
  'another length': (chunks, random) =>
    chunks.with(random.nextInt(chunks.length), {
      ...random.pick(chunks),
      length: random.pick([0, 2 ** 31, 2 ** 32 - 1]),
    }),
  'another checksum': (chunks, random) =>
    chunks.with(random.nextInt(chunks.length), { ...random.pick(chunks), crc: 7 }),
}

/** Adds an animation that says it has many frames, with frames of any size. */
function createAnimation(chunks: Chunk[], random: Random): Chunk[] {
  const control = Buffer.alloc(8)
  control.writeUInt32BE(random.pick([0, 1, 1_000, 2 ** 31 - 1]), 0)
  const frame = (sequence: number): Chunk => {
    const data = Buffer.alloc(26)
    data.writeUInt32BE(sequence, 0)
    data.writeUInt32BE(random.pick(EDGES), 4)
    data.writeUInt32BE(random.pick(EDGES), 8)
    return { type: 'fcTL', data }
  }
  const frames = Array.from({ length: random.pick([1, 3, 2_000]) }, (_, index) => frame(index))
  return chunks.toSpliced(1, 0, { type: 'acTL', data: control }, ...frames)
}

function serialize(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat([SIGNATURE, ...chunks.flatMap(serializeChunk)])
}

function serializeChunk({ type, data, length = data.length, crc }: Chunk): Buffer[] {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [head, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  head.writeUInt32BE(length)
  sum.writeUInt32BE(crc ?? crc32(typed))
  return [head, typed, sum]
}
