import { type Extent, readItems, readLocations } from '@darkroom/infra/images/inspect/avif-items'
import { readNestedBoxes } from '@darkroom/infra/images/inspect/boxes'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { MetadataBlocks } from './metadata-blocks.ts'

/** Most boxes of a file before the one that lists its items. */
const MAX_BOXES = 100
const [BOX_HEADER_BYTES, VERSION_BYTES, TYPE_BYTES] = [8, 4, 4]
const XMP_TYPE = 'application/rdf+xml'
const NOTHING: MetadataBlocks = { exif: undefined, xmp: undefined }

/**
 * Finds the EXIF and XMP metadata of an AVIF image, which are items that its `meta` box lists. Only items in one piece of the file are
 * read: no program writes metadata otherwise.
 *
 * @see ISO/IEC 23008-12 annex A
 */
export function findAvifMetadata(avif: Buffer): MetadataBlocks {
  try {
    return readMetaBox(avif, findMetaBox(avif))
  } catch (error) {
    // Boxes, counts and offsets that lead out of the file.
    if (error instanceof RangeError || error instanceof MediaError) return NOTHING
    throw error
  }
}

/** Returns the content of the box `meta`. What follows it may be cut short. */
function findMetaBox(avif: Buffer): Buffer | undefined {
  let at = 0
  for (let count = 0; count < MAX_BOXES && at + BOX_HEADER_BYTES <= avif.length; count += 1) {
    const size = avif.readUInt32BE(at)
    if (avif.toString('latin1', at + 4, at + BOX_HEADER_BYTES) === 'meta')
      return avif.subarray(at + BOX_HEADER_BYTES, at + size)
    if (size < BOX_HEADER_BYTES) return undefined
    at += size
  }
  return undefined
}

function readMetaBox(avif: Buffer, meta: Buffer | undefined): MetadataBlocks {
  const boxes = meta ? readNestedBoxes(meta, VERSION_BYTES) : []
  const [iinf, iloc] = ['iinf', 'iloc'].map(name => boxes.find(({ type }) => type === name)?.content)
  if (!iinf || !iloc) return NOTHING
  const locations = readLocations(iloc)
  const items = [...readItems(iinf)].map(([id, item]) => ({ ...item, extents: locations.get(id) ?? [] }))
  const exif = items.find(({ type }) => type === 'Exif')
  const xmp = items.find(({ type, typeAt }) => type === 'mime' && isXmp(iinf, typeAt))
  return { exif: skipExifHeader(readItem(avif, exif?.extents)), xmp: readItem(avif, xmp?.extents) }
}

/** Returns whether the entry of an item, of which the type is at a position, has the media type of XMP after its name. */
function isXmp(iinf: Buffer, typeAt: number): boolean {
  const start = iinf.indexOf(0, typeAt + TYPE_BYTES) + 1
  return iinf.toString('latin1', start, start + XMP_TYPE.length) === XMP_TYPE
}

/** Returns the bytes of an item; undefined if they are not in the file, or in several pieces. */
function readItem(avif: Buffer, extents: readonly Extent[] = []): Buffer | undefined {
  const [extent, another] = extents
  if (!extent || another || extent.isInline || extent.offset + extent.length > avif.length) return undefined
  return avif.subarray(extent.offset, extent.offset + extent.length)
}

/** Returns an EXIF block without the header of its item, which says how many bytes are before the block. */
function skipExifHeader(item: Buffer | undefined): Buffer | undefined {
  return item && item.length > 4 ? item.subarray(4 + item.readUInt32BE(0)) : undefined
}
