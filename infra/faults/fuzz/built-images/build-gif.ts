import type { Random } from '../../../testing/random.ts'
import type { BuiltImage } from './built-image.ts'
import { createOrderMutations, insertRandomly, type MutatePieces, mutatePieces } from './mutate-pieces.ts'

/** Codes of a 1 × 1 frame: clear, color 0, end. */
const PIXEL_DATA = Buffer.from('0202440100', 'hex')
const TRAILER = Buffer.from([0x3b])
const EDGES = [0, 1, 2, 300, 16_384, 65_535]

/** Builds a GIF of one-pixel frames, and mutates its blocks most times. */
export function buildGif(random: Random): BuiltImage {
  const frames = Array.from({ length: 1 + random.nextInt(5) }, () =>
    createFrame({ left: 0, top: 0, width: 1, height: 1 }),
  )
  const blocks = [createScreen(1, 1), ...frames, TRAILER]
  if (random.oneIn(4)) return { type: 'image/gif', bytes: Buffer.concat(blocks), mutations: [] }
  const { pieces, names } = mutatePieces(blocks, { mutations: MUTATIONS, sizeOf: block => block.length, random })
  return { type: 'image/gif', bytes: Buffer.concat(pieces), mutations: names.map(name => `a GIF: ${name}`) }
}

/** Creates the header with a table of two colors. */
function createScreen(width: number, height: number): Buffer {
  const screen = Buffer.from('GIF89a\0\0\0\0\x80\0\0', 'latin1')
  screen.writeUInt16LE(width, 6)
  screen.writeUInt16LE(height, 8)
  return Buffer.concat([screen, Buffer.from('112233445566', 'hex')])
}

function createFrame(frame: { left: number; top: number; width: number; height: number }): Buffer {
  const descriptor = Buffer.alloc(10)
  descriptor[0] = 0x2c
  descriptor.writeUInt16LE(frame.left, 1)
  descriptor.writeUInt16LE(frame.top, 3)
  descriptor.writeUInt16LE(frame.width, 5)
  descriptor.writeUInt16LE(frame.height, 7)
  return Buffer.concat([descriptor, PIXEL_DATA])
}

function createAnyFrame(random: Random): Buffer {
  const edge = () => random.pick(EDGES)
  return createFrame({ left: edge(), top: edge(), width: edge(), height: edge() })
}

/** Creates a comment of sub-blocks of 255 bytes. */
function createComment(blocks: number): Buffer {
  const part = Buffer.concat([Buffer.from([255]), Buffer.alloc(255, 'a')])
  return Buffer.concat([Buffer.from([0x21, 0xfe]), ...Array<Buffer>(blocks).fill(part), Buffer.from([0])])
}

const MUTATIONS: Record<string, MutatePieces<Buffer>> = {
  ...createOrderMutations<Buffer>('block'),
  'another screen': (blocks, random) => blocks.with(0, createScreen(random.pick(EDGES), random.pick(EDGES))),
  'a frame anywhere': (blocks, random) => insertRandomly(blocks, random, [createAnyFrame(random)]),
  'frames anywhere': (blocks, random) =>
    insertRandomly(
      blocks,
      random,
      Array.from({ length: random.pick([100, 20_000]) }, () => createAnyFrame(random)),
    ),
  'a long comment': (blocks, random) => insertRandomly(blocks, random, [createComment(random.pick([1, 1_000, 8_000]))]),
  'another extension': (blocks, random) =>
    insertRandomly(blocks, random, [Buffer.concat([Buffer.from([0x21, random.nextInt(256), 255]), random.bytes(20)])]),
  'codes of noise': (blocks, random) =>
    insertRandomly(blocks, random, [Buffer.concat([createAnyFrame(random).subarray(0, 10), random.bytes(400)])]),
}
