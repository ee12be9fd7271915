import type { ImageLimits } from '../check-image.ts'
import { MediaError } from '../media-error.ts'
import { readAv1Sequences } from './av1-sequence.ts'
import {
  type AvifItem,
  type Extent,
  readItems,
  readLocations,
  readPrimaryId,
  readProperties,
  readReferences,
} from './avif-items.ts'
import { type Box, readBoxes, readFileBoxes } from './boxes.ts'
import {
  appendPart,
  assertDimensions,
  assertProfileBytes,
  createDamagedImageError,
  type ImageLayout,
  type ImagePart,
} from './image-layout.ts'
import type { RangeReader } from './range-reader.ts'

/** Largest box of the index that is read: that of a grid of thousands of tiles is smaller. */
const MAX_INDEX_BYTES = 16_000_000
/** Brands that a decoder gets: by others it looks for the track of an animation, or does not know the file. */
const [BRANDS_AT, FIRST_BRANDS] = [8, ['avif', '\0\0\0\0', 'mif1', 'miaf']]
/** Items that the pixels need are coded images and grids of them. A decoder gets no other: metadata may be compressed. */
const IMAGE_TYPES = new Set(['av01', 'grid', 'iovl', 'iden', 'tmap'])
/** Memory of a pixel while it is decoded, in bytes, by whether its samples have 8 bits or more: measured 19 and 25. */
const [PIXEL_BYTES, DEEP_PIXEL_BYTES] = [20, 28]

/** Flag of the third byte of `av1C`. */
const HIGH_BIT_DEPTH = 0x40

/** The index of an image file. */
interface AvifIndex {
  primaryId: number
  items: Map<number, AvifItem>
  /** Begin of the content of the box `iinf`. */
  itemsStart: number
  locations: Map<number, Extent[]>
  /** Inputs of derived images, by their ids. */
  inputs: Map<number, number[]>
  sizes: Map<number, { width: number; height: number }>
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
  const start = (type: string) => boxes.find(box => box.type === type)?.contentStart ?? 0
  const references = (type: string) => (iref ? readReferences(iref, type) : new Map<number, number[]>())
  return {
    ...{ primaryId: readPrimaryId(pitm), items: readItems(iinf), itemsStart: start('iinf') },
    ...{ locations: readLocations(iloc), inlineStart: start('idat') },
    ...{ inputs: references('dimg'), ...readItemProperties(iprp, limits) },
  }
}

/**
 * Reads the size of each item that has one.
 *
 * @throws MediaError if one, or a colour profile, is too large
 */
function readItemProperties(iprp: Buffer, limits: ImageLimits): Pick<AvifIndex, 'sizes' | 'isDeep'> {
  const { properties, indices } = readProperties(iprp)
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
 * Checks the sizes that the bitstreams of all coded images state, which need not be those of the index.
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
    if (type !== 'av01' || !first) continue
    const start = first.offset + (first.isInline ? index.inlineStart : 0)
    // A length of zero means: up to the end of the file.
    const end = first.length === 0 ? reader.size : start + first.length
    if (end > reader.size) throw createDamagedImageError()
    for (const { width, height } of await readAv1Sequences(reader, { start, end })) {
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

/** Selects all boxes, with a few types overwritten: a decoder skips items and boxes of a type that it does not know. */
function selectParts(boxes: readonly Box[], { items, itemsStart }: AvifIndex): ImagePart[] {
  const patches = [
    { at: BRANDS_AT, text: createBrands(boxes[0]) },
    ...boxes.filter(({ type }) => type === 'moov').map(({ start }) => ({ at: start + 4, text: 'free' })),
    ...[...items.values()]
      .filter(({ type }) => !IMAGE_TYPES.has(type))
      .map(({ typeAt }) => ({ at: itemsStart + typeAt, text: 'skip' })),
  ].toSorted((one, other) => one.at - other.at)
  const parts: ImagePart[] = []
  let from = 0
  for (const { at, text } of patches) {
    appendPart(parts, { start: from, end: at })
    parts.push(Buffer.from(text, 'latin1'))
    from = at + text.length
  }
  appendPart(parts, { start: from, end: boxes.at(-1)?.end ?? from })
  return parts
}
