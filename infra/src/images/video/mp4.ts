import { MediaError } from '../media-error.ts'
import { checkFacts, damaged, MOST_PIECES, type Source, type VideoFacts } from './byte-source.ts'

/** A piece of the file: what it is, and where its content is. */
interface Box {
  type: string
  start: number
  end: number
}

/** Brands of files that players of MP4 take, QuickTime's own not being one of them. */
const BRANDS = /^(iso[m2-9]|mp4[12]|avc1|M4V |MSNV|dash|cmf[c2])$/
const FTYP_BYTES = 64

/** Whether bytes begin like an MP4 file. */
export function isMp4(bytes: Uint8Array): boolean {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, FTYP_BYTES))
  if (text.slice(4, 8) !== 'ftyp') return false
  const end = Math.min(bytes.byteLength, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), FTYP_BYTES)
  const brands = [text.slice(8, 12), ...(text.slice(16, end).match(/.{4}/gs) ?? [])]
  return !brands[0]?.startsWith('avi') && brands.some(brand => BRANDS.test(brand))
}

/**
 * Reads an MP4 file: its boxes have to add up to just its size, so that one that was cut short is known.
 *
 * @throws MediaError
 * @see ISO/IEC 14496-12
 */
export async function readMp4(source: Source): Promise<VideoFacts> {
  const boxes = await boxesIn(source, { start: 0, end: source.size })
  const moov = boxes.find(({ type }) => type === 'moov')
  // The index may come last: a file without one has lost its end.
  if (!moov || !boxes.some(({ type }) => type === 'mdat')) throw damaged()
  const inside = await boxesIn(source, moov)
  const size = await sizeOf(source, await videoTrack(source, inside))
  return checkFacts({ ...size, duration: await durationOf(source, inside) })
}

async function boxesIn(source: Source, { start, end }: Pick<Box, 'start' | 'end'>): Promise<Box[]> {
  const boxes: Box[] = []
  for (let at = start; at < end; at = boxes.at(-1)?.end ?? end) {
    if (boxes.length === MOST_PIECES) throw new MediaError('unfit', 'is a video of too many pieces')
    boxes.push(await boxAt(source, at, end))
  }
  return boxes
}

async function boxAt(source: Source, at: number, most: number): Promise<Box> {
  const view = await source.read(at, Math.min(at + 16, most))
  if (view.byteLength < 8) throw damaged()
  const short = view.getUint32(0)
  if (short === 1 && view.byteLength < 16) throw damaged()
  const size = short === 1 ? Number(view.getBigUint64(8)) : short || most - at
  const head = short === 1 ? 16 : 8
  if (size < head || at + size > most) throw damaged()
  return { type: textAt(view, 4), start: at + head, end: at + size }
}

async function videoTrack(source: Source, inside: readonly Box[]): Promise<Box> {
  for (const track of inside.filter(({ type }) => type === 'trak')) {
    const handler = await find(source, track, ['mdia', 'hdlr'])
    if (handler && textAt(await read(source, handler, 12), 8) === 'vide') return await need(source, track, 'tkhd')
  }
  throw new MediaError('unfit', 'is a video without a picture')
}

/** As it is shown: turned, if the file says so. */
async function sizeOf(source: Source, header: Box): Promise<{ width: number; height: number }> {
  const view = await read(source, header, 84)
  const matrix = view.getUint8(0) === 1 ? 52 : 40
  const long = matrix === 52 ? await read(source, header, 96) : view
  const [width, height] = [matrix + 36, matrix + 40].map(at => Math.round(long.getUint32(at) / 65_536))
  const isTurned = long.getInt32(matrix) === 0 && long.getInt32(matrix + 4) !== 0
  const size = { width: width ?? 0, height: height ?? 0 }
  return isTurned ? { width: size.height, height: size.width } : size
}

async function durationOf(source: Source, inside: readonly Box[]): Promise<number | null> {
  const header = inside.find(({ type }) => type === 'mvhd')
  if (!header) throw damaged()
  const view = await read(source, header, 20)
  const isLong = view.getUint8(0) === 1
  const long = isLong ? await read(source, header, 32) : view
  const ticks = isLong ? Number(long.getBigUint64(24)) : long.getUint32(16)
  const isSaid = ticks !== 0 && ticks !== 0xffff_ffff
  return (isSaid ? ticks : await fragmentTicks(source, inside)) / long.getUint32(isLong ? 20 : 12)
}

/** The length of a file that was written piece by piece, 0 where it does not say. */
async function fragmentTicks(source: Source, inside: readonly Box[]): Promise<number> {
  const extends_ = inside.find(({ type }) => type === 'mvex')
  const header = extends_ && (await find(source, extends_, ['mehd']))
  if (!header) return 0
  const view = await read(source, header, 8)
  return view.getUint8(0) === 1 ? Number((await read(source, header, 12)).getBigUint64(4)) : view.getUint32(4)
}

async function find(source: Source, within: Box, [type, ...deeper]: string[]): Promise<Box | undefined> {
  const found = (await boxesIn(source, within)).find(box => box.type === type)
  return found && deeper.length > 0 ? await find(source, found, deeper) : found
}

async function need(source: Source, within: Box, type: string): Promise<Box> {
  const found = await find(source, within, [type])
  if (!found) throw damaged()
  return found
}

/** The first bytes of a box. @throws MediaError if it has fewer */
async function read(source: Source, box: Box, bytes: number): Promise<DataView> {
  if (box.end - box.start < bytes) throw damaged()
  return await source.read(box.start, box.start + bytes)
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map(offset => view.getUint8(at + offset)))
}
