import { MediaError } from '../media-error.ts'
import {
  type ByteSource,
  createDamagedError,
  MAX_ELEMENTS,
  type VideoProperties,
  validateProperties,
} from './byte-source.ts'

/** An element of the file: its id, and the range of its content. */
interface EbmlElement {
  id: number
  start: number
  end: number
}

const EBML_HEADER = 0x1a45dfa3
const DOC_TYPE = 0x4282
const SEGMENT = 0x18538067
const INFO = 0x1549a966
const TIMESTAMP_SCALE = 0x2ad7b1
const DURATION = 0x4489
const TRACKS = 0x1654ae6b
const TRACK_ENTRY = 0xae
const TRACK_TYPE = 0x83
const VIDEO = 0xe0
const PIXEL_WIDTH = 0xb0
const PIXEL_HEIGHT = 0xba
const CLUSTER = 0x1f43b675

const VIDEO_TRACK = 1
/** Nanoseconds per tick, unless the file states another value. */
const DEFAULT_TIMESTAMP_SCALE = 1_000_000
const MAX_HEADER_BYTES = 12

/** Returns whether bytes begin like a file of the Matroska family, of which WebM is one. */
export function isWebm(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === EBML_HEADER
}

/**
 * Reads the headers of a WebM file. Sizes of elements reveal a truncated file. A recording whose elements have no sizes may have
 * been truncated between two frames without notice.
 *
 * @throws MediaError
 * @see https://www.rfc-editor.org/rfc/rfc9559
 */
export async function readWebm(source: ByteSource): Promise<VideoProperties> {
  const [header, segment] = await readElements(source, { start: 0, end: source.size }, 2)
  if (header?.id !== EBML_HEADER) throw createDamagedError()
  await assertWebmDocType(source, header)
  if (segment?.id !== SEGMENT) throw createDamagedError()
  const children = await readElements(source, segment)
  const [info, tracks] = [INFO, TRACKS].map(id => children.find(element => element.id === id))
  if (!info || !tracks || !children.some(({ id }) => id === CLUSTER)) throw createDamagedError()
  return validateProperties({ ...(await readSize(source, tracks)), duration: await readDuration(source, info) })
}

/** Reads the elements of a parent, or the first `count` of them. */
async function readElements(
  source: ByteSource,
  parent: Omit<EbmlElement, 'id'>,
  count = Number.POSITIVE_INFINITY,
): Promise<EbmlElement[]> {
  const elements: EbmlElement[] = []
  for (let at = parent.start; at < parent.end; at = elements.at(-1)?.end ?? parent.end) {
    if (elements.length === count) break
    if (elements.length === MAX_ELEMENTS) throw new MediaError('unfit', 'is a video of too many pieces')
    elements.push(await readElement(source, at, parent.end))
  }
  return elements
}

async function readElement(source: ByteSource, at: number, parentEnd: number): Promise<EbmlElement> {
  const view = await source.read(at, Math.min(at + MAX_HEADER_BYTES, parentEnd))
  const id = readVint(view, 0, 4)
  const size = readVint(view, id.length, 8)
  const start = at + id.length + size.length
  // The children of an element of unknown size are read as its siblings. A segment contains the rest of the file.
  if (size.isUnknown) return { id: id.whole, start, end: id.whole === SEGMENT ? parentEnd : start }
  if (start + size.value > parentEnd) throw createDamagedError()
  return { id: id.whole, start, end: start + size.value }
}

/** Reads a number whose first bits state its length in bytes. `whole` includes those bits, as ids do. */
function readVint(view: DataView, at: number, maxLength: number) {
  const first = at < view.byteLength ? view.getUint8(at) : 0
  const length = Math.clz32(first) - 23
  if (length > maxLength || at + length > view.byteLength) throw createDamagedError()
  const bytes = Array.from({ length }, (_, offset) => view.getUint8(at + offset))
  const whole = bytes.reduce((number, byte) => number * 256 + byte, 0)
  const marker = 2 ** (7 * length)
  // Inexact beyond 2^53, which is larger than any file.
  const value = bytes.slice(1).reduce((number, byte) => number * 256 + byte, first % (256 >> length))
  return { length, whole, value, isUnknown: value >= marker - 1 }
}

async function assertWebmDocType(source: ByteSource, header: EbmlElement): Promise<void> {
  const element = (await readElements(source, header)).find(({ id }) => id === DOC_TYPE)
  const view = element && (await source.read(element.start, element.end))
  if (view && new TextDecoder().decode(view).replaceAll('\0', '') === 'webm') return
  throw new MediaError('unfit', 'is a video of another kind')
}

async function readSize(source: ByteSource, tracks: EbmlElement): Promise<{ width: number; height: number }> {
  for (const entry of await readElements(source, tracks)) {
    const children = entry.id === TRACK_ENTRY ? await readElements(source, entry) : []
    const video = children.find(({ id }) => id === VIDEO)
    if (!video || (await readUint(source, children, TRACK_TYPE)) !== VIDEO_TRACK) continue
    const properties = await readElements(source, video)
    const [width, height] = [PIXEL_WIDTH, PIXEL_HEIGHT].map(id => readUint(source, properties, id))
    return { width: (await width) ?? 0, height: (await height) ?? 0 }
  }
  throw new MediaError('unfit', 'is a video without a picture')
}

async function readDuration(source: ByteSource, info: EbmlElement): Promise<number | null> {
  const properties = await readElements(source, info)
  const duration = properties.find(({ id }) => id === DURATION)
  if (!duration) return null
  const view = await source.read(duration.start, duration.end)
  const ticks = view.byteLength === 8 ? view.getFloat64(0) : view.byteLength === 4 ? view.getFloat32(0) : Number.NaN
  return (ticks * ((await readUint(source, properties, TIMESTAMP_SCALE)) ?? DEFAULT_TIMESTAMP_SCALE)) / 1e9
}

async function readUint(source: ByteSource, elements: readonly EbmlElement[], id: number): Promise<number | undefined> {
  const element = elements.find(candidate => candidate.id === id)
  if (!element || element.end - element.start > 8) return undefined
  const view = await source.read(element.start, element.end)
  return Array.from({ length: view.byteLength }, (_, at) => view.getUint8(at)).reduce(
    (sum, byte) => sum * 256 + byte,
    0,
  )
}
