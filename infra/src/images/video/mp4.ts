import { MediaError } from '../media-error.ts'
import {
  type ByteSource,
  createDamagedError,
  MAX_ELEMENTS,
  type VideoProperties,
  validateProperties,
} from './byte-source.ts'

/** A box of the file: its type, and the range of its content. */
interface Box {
  type: string
  start: number
  end: number
}

/** Brands of files that players of MP4 accept. QuickTime's own is not one of them. */
const BRANDS = /^(iso[m2-9]|mp4[12]|avc1|M4V |MSNV|dash|cmf[c2])$/
const FTYP_BYTES = 64

/** Returns whether bytes begin like an MP4 file. */
export function isMp4(bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, FTYP_BYTES))
  if (text.slice(4, 8) !== 'ftyp') return false
  const end = Math.min(bytes.byteLength, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), FTYP_BYTES)
  const brands = [text.slice(8, 12), ...(text.slice(16, end).match(/.{4}/gs) ?? [])]
  return !brands[0]?.startsWith('avi') && brands.some(brand => BRANDS.test(brand))
}

/**
 * Reads the headers of an MP4 file. Its boxes must add up to exactly its size, which reveals a truncated file.
 *
 * @throws MediaError
 * @see ISO/IEC 14496-12
 */
export async function readMp4(source: ByteSource): Promise<VideoProperties> {
  const boxes = await readBoxes(source, { start: 0, end: source.size })
  const moov = boxes.find(({ type }) => type === 'moov')
  // The index may be the last box: a file without one has lost its end.
  if (!moov || !boxes.some(({ type }) => type === 'mdat')) throw createDamagedError()
  const children = await readBoxes(source, moov)
  const size = await readSize(source, await findVideoTrack(source, children))
  return validateProperties({ ...size, duration: await readDuration(source, children) })
}

async function readBoxes(source: ByteSource, { start, end }: Pick<Box, 'start' | 'end'>): Promise<Box[]> {
  const boxes: Box[] = []
  for (let at = start; at < end; at = boxes.at(-1)?.end ?? end) {
    if (boxes.length === MAX_ELEMENTS) throw new MediaError('unfit', 'is a video of too many pieces')
    boxes.push(await readBox(source, at, end))
  }
  return boxes
}

async function readBox(source: ByteSource, at: number, parentEnd: number): Promise<Box> {
  const view = await source.read(at, Math.min(at + 16, parentEnd))
  if (view.byteLength < 8) throw createDamagedError()
  const size32 = view.getUint32(0)
  if (size32 === 1 && view.byteLength < 16) throw createDamagedError()
  const size = size32 === 1 ? Number(view.getBigUint64(8)) : size32 || parentEnd - at
  const headerBytes = size32 === 1 ? 16 : 8
  if (size < headerBytes || at + size > parentEnd) throw createDamagedError()
  return { type: readFourCc(view, 4), start: at + headerBytes, end: at + size }
}

async function findVideoTrack(source: ByteSource, children: readonly Box[]): Promise<Box> {
  for (const track of children.filter(({ type }) => type === 'trak')) {
    const handler = await findBox(source, track, ['mdia', 'hdlr'])
    if (handler && readFourCc(await readBoxBytes(source, handler, 12), 8) === 'vide')
      return await findRequiredBox(source, track, 'tkhd')
  }
  throw new MediaError('unfit', 'is a video without a picture')
}

/** Reads the dimensions as displayed: width and height are swapped when the track's matrix rotates it. */
async function readSize(source: ByteSource, header: Box): Promise<{ width: number; height: number }> {
  const view = await readBoxBytes(source, header, 84)
  const matrix = view.getUint8(0) === 1 ? 52 : 40
  const long = matrix === 52 ? await readBoxBytes(source, header, 96) : view
  const [width, height] = [matrix + 36, matrix + 40].map(at => Math.round(long.getUint32(at) / 65_536))
  const isRotated = long.getInt32(matrix) === 0 && long.getInt32(matrix + 4) !== 0
  const size = { width: width ?? 0, height: height ?? 0 }
  return isRotated ? { width: size.height, height: size.width } : size
}

async function readDuration(source: ByteSource, children: readonly Box[]): Promise<number | null> {
  const header = children.find(({ type }) => type === 'mvhd')
  if (!header) throw createDamagedError()
  const view = await readBoxBytes(source, header, 20)
  const isLong = view.getUint8(0) === 1
  const long = isLong ? await readBoxBytes(source, header, 32) : view
  const ticks = isLong ? Number(long.getBigUint64(24)) : long.getUint32(16)
  const isKnown = ticks !== 0 && ticks !== 0xffff_ffff
  return (isKnown ? ticks : await readFragmentDuration(source, children)) / long.getUint32(isLong ? 20 : 12)
}

/** Reads the duration of a fragmented file in ticks, 0 when the file does not state it. */
async function readFragmentDuration(source: ByteSource, children: readonly Box[]): Promise<number> {
  const movieExtends = children.find(({ type }) => type === 'mvex')
  const header = movieExtends && (await findBox(source, movieExtends, ['mehd']))
  if (!header) return 0
  const view = await readBoxBytes(source, header, 8)
  return view.getUint8(0) === 1 ? Number((await readBoxBytes(source, header, 12)).getBigUint64(4)) : view.getUint32(4)
}

async function findBox(source: ByteSource, parent: Box, [type, ...path]: string[]): Promise<Box | undefined> {
  const found = (await readBoxes(source, parent)).find(box => box.type === type)
  return found && path.length > 0 ? await findBox(source, found, path) : found
}

async function findRequiredBox(source: ByteSource, parent: Box, type: string): Promise<Box> {
  const found = await findBox(source, parent, [type])
  if (!found) throw createDamagedError()
  return found
}

/**
 * Reads the first bytes of a box.
 *
 * @throws MediaError when it has fewer
 */
async function readBoxBytes(source: ByteSource, box: Box, bytes: number): Promise<DataView> {
  if (box.end - box.start < bytes) throw createDamagedError()
  return await source.read(box.start, box.start + bytes)
}

function readFourCc(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map(offset => view.getUint8(at + offset)))
}
