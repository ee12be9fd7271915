import type { MetadataBlocks } from './metadata-blocks.ts'

/** A box of a file of the ISO base media file format: its type and its content. */
interface Box {
  type: string
  body: Buffer
}

/** The position of an item in the file, and its length, in bytes. */
interface Extent {
  offset: number
  length: number
}

/** Most boxes, and most items, that are looked at. A file with tiles and metadata has some hundreds. */
const [MAX_BOXES, MAX_ITEMS] = [1_000, 5_000]
const NOTHING = Buffer.alloc(0)
const XMP_TYPE = 'application/rdf+xml'

/**
 * Finds the EXIF and XMP metadata of an AVIF image, which are items that its `meta` box lists. Only items in one piece at an offset of
 * the file are read: no program writes metadata otherwise.
 *
 * @see https://www.iso.org/standard/83102.html (ISO/IEC 14496-12), boxes `iinf` and `iloc`
 */
export function findAvifMetadata(avif: Buffer): MetadataBlocks {
  try {
    const meta = findBox(avif, 'meta')?.subarray(4) ?? NOTHING
    const ids = readItemIds(findBox(meta, 'iinf') ?? NOTHING)
    const extents = readExtents(findBox(meta, 'iloc') ?? NOTHING)
    const read = (id: number | undefined) => readItem(avif, id === undefined ? undefined : extents.get(id))
    return { exif: skipExifHeader(read(ids.exif)), xmp: read(ids.xmp) }
  } catch (error) {
    // Counts and offsets that lead out of the file.
    if (error instanceof RangeError) return { exif: undefined, xmp: undefined }
    throw error
  }
}

function findBox(data: Buffer, type: string): Buffer | undefined {
  for (const box of readBoxes(data)) if (box.type === type) return box.body
  return undefined
}

function* readBoxes(data: Buffer): Generator<Box> {
  let at = 0
  for (let count = 0; count < MAX_BOXES && at + 8 <= data.length; count += 1) {
    const short = data.readUInt32BE(at)
    const headerBytes = short === 1 ? 16 : 8
    const size = short === 1 ? Number(data.readBigUInt64BE(at + 8)) : short === 0 ? data.length - at : short
    if (size < headerBytes) return
    yield { type: data.toString('latin1', at + 4, at + 8), body: data.subarray(at + headerBytes, at + size) }
    at += size
  }
}

/** Reads the ids of the items that are metadata. */
function readItemIds(iinf: Buffer): { exif?: number; xmp?: number } {
  const ids: { exif?: number; xmp?: number } = {}
  for (const { type, body } of readBoxes(iinf.subarray(iinf[0] === 0 ? 6 : 8))) {
    const version = body[0] ?? 0
    if (type !== 'infe' || version < 2) continue
    const id = version === 2 ? body.readUInt16BE(4) : body.readUInt32BE(4)
    const typeAt = version === 2 ? 8 : 10
    const itemType = body.toString('latin1', typeAt, typeAt + 4)
    if (itemType === 'Exif') ids.exif ??= id
    if (itemType === 'mime' && body.subarray(typeAt + 4, typeAt + 256).includes(XMP_TYPE)) ids.xmp ??= id
  }
  return ids
}

/** Reads where the items in one piece are, by id. */
function readExtents(iloc: Buffer): Map<number, Extent> {
  const fields = new FieldReader(iloc, 4)
  const version = iloc[0] ?? 0
  const sizes = fields.read(2)
  const [offset, length, base, index] = [
    sizes >> 12,
    (sizes >> 8) & 15,
    (sizes >> 4) & 15,
    version > 0 ? sizes & 15 : 0,
  ]
  const idBytes = version < 2 ? 2 : 4
  const count = Math.min(fields.read(idBytes), MAX_ITEMS)
  const extents = new Map<number, Extent>()
  for (let item = 0; item < count; item += 1) {
    const id = fields.read(idBytes)
    const method = version > 0 ? fields.read(2) & 15 : 0
    fields.skip(2)
    const start = fields.read(base)
    const pieces = fields.read(2)
    if (method === 0 && pieces === 1) {
      fields.skip(index)
      extents.set(id, { offset: start + fields.read(offset), length: fields.read(length) })
    } else {
      fields.skip(pieces * (index + offset + length))
    }
  }
  return extents
}

/** Returns the bytes of an item; undefined if they are not in the file. */
function readItem(avif: Buffer, extent: Extent | undefined): Buffer | undefined {
  if (!extent || extent.offset + extent.length > avif.length) return undefined
  return avif.subarray(extent.offset, extent.offset + extent.length)
}

/** Returns an EXIF block without the header of its item, which says how many bytes are before the block. */
function skipExifHeader(item: Buffer | undefined): Buffer | undefined {
  return item && item.length > 4 ? item.subarray(4 + item.readUInt32BE(0)) : undefined
}

/** Reads numbers of any width, one after the other. @throws RangeError beyond the end */
class FieldReader {
  private at: number
  private readonly data: Buffer

  constructor(data: Buffer, at: number) {
    this.data = data
    this.at = at
  }

  /** Returns the number that the next bytes are. */
  read(bytes: number): number {
    if (this.at + bytes > this.data.length) throw new RangeError('a field is cut short')
    let value = 0
    for (let end = this.at + bytes; this.at < end; this.at += 1) value = value * 256 + (this.data[this.at] ?? 0)
    return value
  }

  skip(bytes: number): void {
    this.at += bytes
  }
}
