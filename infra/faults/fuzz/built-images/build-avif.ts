import type { Random } from '../../../testing/random.ts'
import type { BaseImages, BuiltImage } from './built-image.ts'
import { createOrderMutations, insertRandomly, type MutatePieces, mutatePieces } from './mutate-pieces.ts'

/** A box of the ISO base media file format: its content is bytes, or the boxes within it behind its own fields. */
interface Box {
  type: string
  fields: Buffer
  boxes: Box[]
  /** Overrides the computed size. */
  size?: number
}

/** Boxes that contain boxes, with the bytes of their own fields. */
const CONTAINERS: Record<string, number> = { meta: 4, iprp: 0, ipco: 0, iinf: 6 }
const SIZES = [0, 1, 7, 8, 2 ** 31, 2 ** 32 - 1]
const EDGES = [0, 1, 24, 65_535, 1_000_000, 2 ** 32 - 1]
const BRANDS = ['avif', 'avis', 'mif1', 'msf1', 'heic', 'heix', '\0\0\0\0']

/** Mutates the boxes of an AVIF, at any depth. */
export function buildAvif(random: Random, bases: BaseImages): BuiltImage {
  const base = random.pick(bases.filter(({ type }) => type === 'image/avif'))
  const { pieces, names } = mutatePieces(splitBoxes(base.bytes), { mutations: MUTATIONS, sizeOf: measureBox, random })
  const bytes = Buffer.concat(pieces.map(serialize))
  return { type: 'image/avif', bytes, mutations: names.map(name => `an AVIF: ${name}`) }
}

function splitBoxes(bytes: Buffer): Box[] {
  const boxes: Box[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = Math.max(8, bytes.readUInt32BE(at))
    boxes.push(parseBox(bytes.toString('latin1', at + 4, at + 8), bytes.subarray(at + 8, at + size)))
    at += size
  }
  return boxes
}

function parseBox(type: string, content: Buffer): Box {
  const fieldBytes = CONTAINERS[type]
  if (fieldBytes === undefined) return { type, fields: content, boxes: [] }
  return { type, fields: content.subarray(0, fieldBytes), boxes: splitBoxes(content.subarray(fieldBytes)) }
}

function serialize({ type, fields, boxes, size }: Box): Buffer {
  const content = Buffer.concat([fields, ...boxes.map(serialize)])
  const head = Buffer.alloc(8)
  head.writeUInt32BE(size ?? content.length + 8)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, content])
}

/** Returns the bytes of a box. */
function measureBox({ fields, boxes }: Box): number {
  return boxes.reduce((sum, box) => sum + measureBox(box), fields.length + 8)
}

/** Changes every box of a type, at any depth. */
function changeBoxes(boxes: readonly Box[], type: string, change: (box: Box) => Box): Box[] {
  return boxes.map(box => {
    const inner = { ...box, boxes: changeBoxes(box.boxes, type, change) }
    return box.type === type ? change(inner) : inner
  })
}

/** Mutates the list of boxes within a container. */
function withinContainer(type: string, mutate: MutatePieces<Box>): MutatePieces<Box> {
  return (boxes, random) =>
    changeBoxes(boxes, type, box => (box.boxes.length === 0 ? box : { ...box, boxes: mutate(box.boxes, random) }))
}

function setEdges(box: Box, random: Random): Box {
  const fields = Buffer.from(box.fields)
  if (fields.length < 12) return box
  fields.writeUInt32BE(random.pick(EDGES), 4)
  fields.writeUInt32BE(random.pick(EDGES), 8)
  return { ...box, fields }
}

function scramble(box: Box, random: Random): Box {
  const fields = Buffer.from(box.fields)
  if (fields.length > 0) random.bytes(2).copy(fields, random.nextInt(fields.length))
  return { ...box, fields }
}

/** Creates boxes within boxes. */
function createNesting(depth: number): Box {
  let box: Box = { type: 'free', fields: Buffer.of(), boxes: [] }
  for (let level = 0; level < depth; level++) box = { type: 'iprp', fields: Buffer.of(), boxes: [box] }
  return box
}

const ORDER = createOrderMutations<Box>('box')
const TYPES = ['ftyp', 'meta', 'hdlr', 'pitm', 'iloc', 'iinf', 'iprp', 'ipco', 'ipma', 'ispe', 'pixi', 'av1C', 'mdat']

const MUTATIONS: Record<string, MutatePieces<Box>> = {
  ...ORDER,
  ...Object.fromEntries(
    Object.entries(ORDER).flatMap(([name, mutate]) =>
      ['meta', 'ipco'].map(type => [`${name} in ${type}`, withinContainer(type, mutate)]),
    ),
  ),
  'other edges': (boxes, random) => changeBoxes(boxes, 'ispe', box => setEdges(box, random)),
  'other brands': (boxes, random) =>
    changeBoxes(boxes, 'ftyp', box => ({
      ...box,
      fields: Buffer.from(`${random.pick(BRANDS)}\0\0\0\0${random.pick(BRANDS)}${random.pick(BRANDS)}`, 'latin1'),
    })),
  'another size of a box': (boxes, random) =>
    changeBoxes(boxes, random.pick(TYPES), box => ({ ...box, size: random.pick(SIZES) })),
  'other fields of a box': (boxes, random) => changeBoxes(boxes, random.pick(TYPES), box => scramble(box, random)),
  'boxes in boxes': (boxes, random) => insertRandomly(boxes, random, [createNesting(random.pick([3, 100, 500]))]),
}
