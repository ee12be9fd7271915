import { createCodePointProfile } from '../colour/code-points.ts'
import type { Extent } from './avif-items.ts'
import type { Box } from './boxes.ts'
import type { Range } from './range-reader.ts'

/** Bytes that replace a range of a file. */
export interface Patch extends Range {
  bytes: Buffer
}

const SIZE_BYTES = 4
const MAX_SIZE = 2 ** 32

/** Boxes with the colour of the main image, with their positions in the file. */
export interface AvifColour {
  /** Each of them contains the next one. */
  containers: readonly Box[]
  /** The colour of the main image, with its content. */
  colour: (Box & { content: Buffer }) | undefined
  locations: ReadonlyMap<number, readonly Extent[]>
  /** Begin of the content of the box `iloc`. */
  locationsStart: number
}

/**
 * Creates the patches that replace code points by the profile that amounts to them, for a decoder that reads profiles alone. What follows
 * moves: the sizes of the containers and the positions of data change with it.
 *
 * @returns none if the colour is sRGB, is in a profile already, or is of a kind that no profile describes
 */
export function createProfilePatches({ containers, colour, locations, locationsStart }: AvifColour): Patch[] {
  if (colour?.content.toString('latin1', 0, 4) !== 'nclx') return []
  const profile = createCodePointProfile(colour.content.readUInt16BE(4), colour.content.readUInt16BE(6))
  if (!profile) return []
  const box = Buffer.concat([Buffer.alloc(SIZE_BYTES), Buffer.from('colrprof', 'latin1'), profile])
  box.writeUInt32BE(box.length)
  const added = box.length - (colour.end - colour.start)
  const sizes = containers.map(({ start, end }) => ({ at: start, bytes: SIZE_BYTES, value: end - start }))
  const moved = [...locations.values()].flat().filter(({ isInline, offset }) => !isInline && offset >= colour.end)
  const offsets = moved.map(({ field }) => ({ ...field, at: locationsStart + field.at }))
  const fields = [...new Map([...sizes, ...offsets].map(field => [field.at, field])).values()]
  // A long size of a box, or a number of fewer bytes, is too rare to be worth code.
  const isPossible = fields.every(({ bytes, value }) => bytes === SIZE_BYTES && value + added < MAX_SIZE)
  if (!isPossible || containers.some(({ start, contentStart }) => contentStart - start !== 2 * SIZE_BYTES)) return []
  const patches = fields.map(({ at, value }) => ({ start: at, end: at + SIZE_BYTES, bytes: toUint(value + added) }))
  return [{ start: colour.start, end: colour.end, bytes: box }, ...patches]
}

function toUint(value: number): Buffer {
  const bytes = Buffer.alloc(SIZE_BYTES)
  bytes.writeUInt32BE(value)
  return bytes
}
