import type { ImageLimits } from '../check-image.ts'
import { MediaError } from '../media-error.ts'
import { readAv1Sequences } from './av1-sequence.ts'
import {
  type AvifItem,
  type Extent,
  type ItemProperties,
  readItems,
  readLocations,
  readPrimaryId,
  readProperties,
  readReferences,
} from './avif-items.ts'
import { type AvifColour, createProfilePatches, type Patch } from './avif-profile.ts'
import { type Box, readBoxes, readFileBoxes } from './boxes.ts'
import {
  appendPart,
  assertDimensions,
  assertProfileBytes,
  createDamagedImageError,
  type ImageLayout,
  type ImagePart,
} from './image-layout.ts'
import type { Range, RangeReader } from './range-reader.ts'

/** Largest box of the index that is read: that of a grid of thousands of tiles is smaller. */
const MAX_INDEX_BYTES = 16_000_000
/** Brands that a decoder gets: by others it looks for the track of an animation, or does not know the file. */
const [BRANDS_AT, FIRST_BRANDS] = [8, ['avif', '\0\0\0\0', 'mif1', 'miaf']]
/** Items that the pixels need are coded images and grids of them. A decoder gets no other: metadata may be compressed. */
const IMAGE_TYPES = new Set(['av01', 'grid', 'iovl', 'iden', 'tmap'])
/** Items whose data state a size. */
const SIZED_TYPES = new Set(['av01', 'grid', 'iovl'])
/** Memory of a pixel while it is decoded, in bytes, by whether its samples have 8 bits or more: measured 19 and 25. */
const [PIXEL_BYTES, DEEP_PIXEL_BYTES] = [20, 28]

/** Flag of the third byte of `av1C`. */
const HIGH_BIT_DEPTH = 0x40

interface Size {
  width: number
  height: number
}

/** The index of an image file. */
interface AvifIndex extends AvifColour {
  primaryId: number
  items: Map<number, AvifItem>
  /** Begin of the content of the box `iinf`. */
  itemsStart: number
  locations: Map<number, Extent[]>
  /** Inputs of derived images, by their ids. */
  inputs: Map<number, number[]>
  sizes: Map<number, Size>
  /** Whether samples have more than 8 bits. */
  isDeep: boolean
  /** Begin of the content of the box `idat`. */
  inlineStart: number
}

/**
 * Inspects the boxes of an AVIF. Metadata and the track of an animation are no part of the result.
 *
 * @throws MediaError
 * @throws RangeError if the file is damaged
 * @see https://aomediacodec.github.io/av1-avif/ and ISO/IEC 23008-12
 */
export async function inspectAvif(reader: RangeReader, limits: ImageLimits): Promise<ImageLayout> {
  const boxes = await readFileBoxes(reader)
  const meta = boxes.find(({ type }) => type === 'meta')
  if (!meta) throw createDamagedImageError()
  const index = await readIndex(reader, meta, limits)
  const size = index.sizes.get(index.primaryId)
  if (!size) throw createDamagedImageError()
  const pixels = countPixels(index, index.primaryId, limits)
  const codedPixels = await assertBitstreams(reader, index, limits)
  const decodedBytes = Math.max(pixels, codedPixels) * (index.isDeep ? DEEP_PIXEL_BYTES : PIXEL_BYTES)
  return { ...size, frames: 1, decodedBytes, parts: selectParts(boxes, index) }
}

async function readIndex(reader: RangeReader, meta: Box, limits: ImageLimits): Promise<AvifIndex> {
  const boxes = await readBoxes(reader, { start: meta.contentStart + 4, end: meta.end })
  const read = async (type: string): Promise<Buffer | undefined> => {
    const box = boxes.find(other => other.type === type)
    if (!box) return undefined
    if (box.end - box.start > MAX_INDEX_BYTES) throw new MediaError('unfit', 'has an index that is too large')
    // A copy: the next read may move the window.
    return Buffer.from(await reader.read(box.contentStart, box.end - box.contentStart))
  }
  const [pitm, iinf, iloc, iprp, iref] = [
    ...[await read('pitm'), await read('iinf'), await read('iloc')],
    ...[await read('iprp'), await read('iref')],
  ]
  if (!pitm || !iinf || !iloc || !iprp) throw createDamagedImageError()
  const [primaryId, properties] = [readPrimaryId(pitm), readProperties(iprp)]
  const start = (type: string) => boxes.find(box => box.type === type)?.contentStart ?? 0
  return {
    ...{ primaryId, items: readItems(iinf), itemsStart: start('iinf') },
    ...{ locations: readLocations(iloc), locationsStart: start('iloc'), inlineStart: start('idat') },
    inputs: iref ? readReferences(iref, 'dimg') : new Map<number, number[]>(),
    ...readItemProperties(properties, limits),
    ...findColour(properties, [meta, ...boxes.filter(({ type }) => type === 'iprp')], primaryId),
  }
}

/**
 * Reads the size of each item that has one.
 *
 * @throws MediaError if one, or a colour profile, is too large
 */
function readItemProperties(
  { properties, indices }: ItemProperties,
  limits: ImageLimits,
): Pick<AvifIndex, 'sizes' | 'isDeep'> {
  const sizes = properties.map(({ type, content }) => {
    if (type === 'colr') assertProfileBytes(content.length)
    if (type !== 'ispe') return undefined
    const size = { width: content.readUInt32BE(4), height: content.readUInt32BE(8) }
    assertDimensions(size.width, size.height, limits)
    return size
  })
  const entries = [...indices].flatMap(([id, own]) => {
    const size = own.map(index => sizes[index]).find(found => found !== undefined)
    return size ? [[id, size] as const] : []
  })
  const isDeep = properties.some(({ type, content }) => type === 'av1C' && ((content[2] ?? 0) & HIGH_BIT_DEPTH) !== 0)
  return { sizes: new Map(entries), isDeep }
}

/** Finds the colour of the main image. Positions in the file are those in the box of properties, moved by its own. */
function findColour(
  { properties, indices, container }: ItemProperties,
  outer: readonly Box[],
  primaryId: number,
): Pick<AvifIndex, 'containers' | 'colour'> {
  const move = <T extends Box>(box: T, by: number): T => ({
    ...box,
    ...{ start: box.start + by, contentStart: box.contentStart + by, end: box.end + by },
  })
  const moved = move(container, outer.at(-1)?.contentStart ?? 0)
  const own = (indices.get(primaryId) ?? []).flatMap(index => properties[index] ?? [])
  const colours = own.filter(({ type }) => type === 'colr')
  // With a profile, code points are for the conversion from the bitstream alone.
  const [only] = colours.length === 1 ? colours : []
  return { containers: [...outer, moved], colour: only && move(only, moved.contentStart) }
}

/** Counts the pixels that are decoded for an item: its own, and those of its inputs, which are coded images themselves. */
function countPixels({ sizes, inputs, items }: AvifIndex, id: number, limits: ImageLimits): number {
  const count = (of: number) => (sizes.get(of)?.width ?? 0) * (sizes.get(of)?.height ?? 0)
  const own = inputs.get(id) ?? []
  if (own.some(input => input === id || (inputs.get(input)?.length ?? 0) > 0 || items.get(input)?.type === 'iden'))
    throw new MediaError('unfit', 'is an AVIF of images within images, which cannot be read')
  const tiles = own.reduce((sum, input) => sum + count(input), 0)
  // The tiles at the right and at the bottom of a grid may be larger than what is seen of them.
  if (tiles > 2 * limits.pixels) throw new MediaError('unfit', `has more than ${limits.pixels / 1e6} megapixels`)
  return count(id) + tiles
}

/**
 * Checks the sizes that the data of all images state, which need not be those of the index.
 *
 * @returns the largest number of pixels
 */
async function assertBitstreams(reader: RangeReader, index: AvifIndex, limits: ImageLimits): Promise<number> {
  let most = 0
  for (const [id, { type }] of index.items) {
    const extents = index.locations.get(id) ?? []
    const length = extents.reduce((sum, extent) => sum + extent.length, 0)
    if (length > reader.size) throw createDamagedImageError()
    const [first] = extents
    if (!first || !SIZED_TYPES.has(type)) continue
    const start = first.offset + (first.isInline ? index.inlineStart : 0)
    // A length of zero means: up to the end of the file.
    const end = first.length === 0 ? reader.size : start + first.length
    if (end > reader.size) throw createDamagedImageError()
    const range = { start, end }
    const stated = type === 'av01' ? readAv1Sequences(reader, range) : readDerivedSize(reader, range, type)
    for (const { width, height } of await stated) {
      assertDimensions(width, height, limits)
      most = Math.max(most, width * height)
    }
  }
  return most
}

/** Creates the content of the box with the brands, as long as it is. */
function createBrands(box: Box | undefined): string {
  const count = Math.floor(((box?.end ?? 0) - BRANDS_AT) / 4)
  return Array.from({ length: count }, (_, index) => FIRST_BRANDS[index] ?? 'avif').join('')
}

/** Reads the size of a grid or an overlay from its data: after rows and columns, or after the colour of a canvas. */
async function readDerivedSize(reader: RangeReader, { start, end }: Range, type: string): Promise<Size[]> {
  const bytes = await reader.read(start, Math.min(18, end - start))
  const [at, numberBytes] = [type === 'grid' ? 4 : 10, (bytes[1] ?? 0) & 1 ? 4 : 2]
  return [{ width: bytes.readUIntBE(at, numberBytes), height: bytes.readUIntBE(at + numberBytes, numberBytes) }]
}

/** Selects all boxes, with a few types overwritten: a decoder skips items and boxes of a type that it does not know. */
function selectParts(boxes: readonly Box[], index: AvifIndex): ImagePart[] {
  const { items, itemsStart } = index
  const overwrite = (start: number, text: string): Patch => ({
    start,
    end: start + text.length,
    bytes: Buffer.from(text, 'latin1'),
  })
  const patches = [
    overwrite(BRANDS_AT, createBrands(boxes[0])),
    ...boxes.filter(({ type }) => type === 'moov').map(({ start }) => overwrite(start + 4, 'free')),
    ...[...items.values()]
      .filter(({ type }) => !IMAGE_TYPES.has(type))
      .map(({ typeAt }) => overwrite(itemsStart + typeAt, 'skip')),
    ...createProfilePatches(index),
  ].toSorted((one, other) => one.start - other.start)
  const parts: ImagePart[] = []
  let from = 0
  for (const { start, end, bytes } of patches) {
    appendPart(parts, { start: from, end: start })
    parts.push(bytes)
    from = end
  }
  appendPart(parts, { start: from, end: boxes.at(-1)?.end ?? from })
  return parts
}
