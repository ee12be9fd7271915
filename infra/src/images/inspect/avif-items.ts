import { type Box, readNestedBoxes } from './boxes.ts'
import { assertPartCount, createDamagedImageError } from './image-layout.ts'

/** An item of an image file: an image, a part of one, or metadata. */
export interface AvifItem {
  type: string
  /** Position of the type's four characters, from the beginning of the box `iinf`'s content. */
  typeAt: number
}

/** A sequence of bytes that an item is made of: in the file, or in the box `idat`. */
export interface Extent {
  isInline: boolean
  offset: number
  length: number
  /** The number to increase where the data are moved: its value, and where it is in the content of `iloc`. */
  field: { at: number; bytes: number; value: number }
}

/** The properties of all items. */
export interface ItemProperties {
  properties: (Box & { content: Buffer })[]
  /** Indices of the properties of each item, by its id. */
  indices: Map<number, number[]>
  /** The box of the properties, whose ranges count from the beginning of its content. */
  container: Box
}

/** Version of a full box, and its flags. Their bytes precede its content. */
const VERSION_BYTES = 4

/** Reads the id of the primary item, from the content of `pitm`. */
export function readPrimaryId(content: Buffer): number {
  return content[0] === 0 ? content.readUInt16BE(VERSION_BYTES) : content.readUInt32BE(VERSION_BYTES)
}

/** Reads the items by their ids, from the content of `iinf`. */
export function readItems(content: Buffer): Map<number, AvifItem> {
  const entries = readNestedBoxes(content, VERSION_BYTES + (content[0] === 0 ? 2 : 4))
  const items = new Map<number, AvifItem>()
  for (const { type, content: entry, contentStart } of entries) {
    const version = entry[0] ?? 0
    if (type !== 'infe' || version < 2) continue
    const idBytes = version === 2 ? 2 : 4
    const typeAt = VERSION_BYTES + idBytes + 2
    const id = entry.readUIntBE(VERSION_BYTES, idBytes)
    if (items.has(id)) throw createDamagedImageError()
    items.set(id, { type: entry.toString('latin1', typeAt, typeAt + 4), typeAt: contentStart + typeAt })
  }
  return items
}

/** Reads the references of one type, from each item to others, from the content of `iref`. */
export function readReferences(content: Buffer, wanted: string): Map<number, number[]> {
  const idBytes = content[0] === 0 ? 2 : 4
  const references = new Map<number, number[]>()
  let total = 0
  for (const { type, content: entry } of readNestedBoxes(content, VERSION_BYTES)) {
    const count = entry.readUInt16BE(idBytes)
    total += count
    assertPartCount(total)
    if (type !== wanted) continue
    const from = entry.readUIntBE(0, idBytes)
    const targets = Array.from({ length: count }, (_, index) =>
      entry.readUIntBE(idBytes + 2 + index * idBytes, idBytes),
    )
    references.set(from, [...(references.get(from) ?? []), ...targets])
  }
  return references
}

/** Reads the properties and, for each item, the indices of its own, from the content of `iprp`. */
export function readProperties(content: Buffer): ItemProperties {
  const boxes = readNestedBoxes(content)
  const container = boxes.find(({ type }) => type === 'ipco')
  if (!container) throw createDamagedImageError()
  const indices = new Map<number, number[]>()
  for (const { type, content: entry } of boxes) if (type === 'ipma') readAssociations(entry, indices)
  return { properties: readNestedBoxes(container.content), indices, container }
}

function readAssociations(content: Buffer, indices: Map<number, number[]>): void {
  const idBytes = content[0] === 0 ? 2 : 4
  const indexBytes = (content[3] ?? 0) & 1 ? 2 : 1
  let at = VERSION_BYTES + 4
  for (let left = content.readUInt32BE(VERSION_BYTES); left > 0; left -= 1) {
    const id = content.readUIntBE(at, idBytes)
    const count = content.readUInt8(at + idBytes)
    at += idBytes + 1
    // The highest bit means that a reader has to support the property.
    const mask = indexBytes === 2 ? 0x7fff : 0x7f
    const own = Array.from(
      { length: count },
      (_, index) => content.readUIntBE(at + index * indexBytes, indexBytes) & mask,
    )
    indices.set(id, [...(indices.get(id) ?? []), ...own.map(index => index - 1)])
    at += count * indexBytes
  }
}

/** Reads where the data of each item are, from the content of `iloc`. */
export function readLocations(content: Buffer): Map<number, Extent[]> {
  const version = content[0] ?? 0
  const [offsetBytes, lengthBytes] = [content.readUInt8(4) >> 4, content.readUInt8(4) & 15]
  const [baseBytes, indexBytes] = [content.readUInt8(5) >> 4, version === 0 ? 0 : content.readUInt8(5) & 15]
  const idBytes = version < 2 ? 2 : 4
  const locations = new Map<number, Extent[]>()
  let at = 6
  const next = (bytes: number): number => {
    at += bytes
    return bytes === 0 ? 0 : readUint(content, at - bytes, bytes)
  }
  let total = 0
  for (let left = next(idBytes); left > 0; left -= 1) {
    const id = next(idBytes)
    const isInline = version === 0 ? false : (next(2) & 15) === 1
    next(2)
    const base = { at, bytes: baseBytes, value: next(baseBytes) }
    const count = next(2)
    total += 1 + count
    assertPartCount(total)
    const extents = Array.from({ length: count }, () => {
      next(indexBytes)
      const offset = { at, bytes: offsetBytes, value: next(offsetBytes) }
      const field = base.value > 0 ? base : offset
      return { isInline, offset: base.value + offset.value, length: next(lengthBytes), field }
    })
    locations.set(id, extents)
  }
  return locations
}

/** Reads a number of 4 or 8 bytes; those above 2^53 are not exact, and beyond any file. */
function readUint(content: Buffer, at: number, bytes: number): number {
  if (bytes <= 4) return content.readUIntBE(at, bytes)
  return content.readUInt32BE(at) * 2 ** 32 + content.readUInt32BE(at + 4)
}
