import { MediaError } from '../media-error.ts'
import { checkFacts, damaged, MOST_PIECES, type Source, type VideoFacts } from './byte-source.ts'

/** A piece of the file: what it is, and where its content is. */
interface Element {
  id: number
  start: number
  end: number
}

const HEADER = 0x1a45dfa3
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
/** Nanoseconds a tick, unless the file says otherwise. */
const MILLISECOND = 1_000_000
const HEADER_MOST = 12

/** Whether bytes begin like a WebM file, or another of its family. */
export function isWebm(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === HEADER
}

/**
 * Reads a WebM file. Where it says how long it and its pieces are, one that was cut short is known; one that was recorded
 * without saying so may have been cut between two pictures.
 *
 * @throws MediaError
 * @see https://www.rfc-editor.org/rfc/rfc9559
 */
export async function readWebm(source: Source): Promise<VideoFacts> {
  const [header, segment] = await elementsIn(source, { start: 0, end: source.size }, [HEADER, SEGMENT])
  if (header?.id !== HEADER) throw damaged()
  await requireWebm(source, header)
  if (segment?.id !== SEGMENT) throw damaged()
  const inside = await elementsIn(source, segment)
  const [info, tracks] = [INFO, TRACKS].map(id => inside.find(element => element.id === id))
  if (!info || !tracks || !inside.some(({ id }) => id === CLUSTER)) throw damaged()
  return checkFacts({ ...(await sizeOf(source, tracks)), duration: await durationOf(source, info) })
}

/** @param first what may come; the rest is not looked at once these have come */
async function elementsIn(source: Source, within: Omit<Element, 'id'>, first?: readonly number[]): Promise<Element[]> {
  const elements: Element[] = []
  for (let at = within.start; at < within.end; at = elements.at(-1)?.end ?? within.end) {
    if (elements.length === first?.length) break
    if (elements.length === MOST_PIECES) throw new MediaError('unfit', 'is a video of too many pieces')
    elements.push(await elementAt(source, at, within.end))
  }
  return elements
}

async function elementAt(source: Source, at: number, most: number): Promise<Element> {
  const view = await source.read(at, Math.min(at + HEADER_MOST, most))
  const id = numberAt(view, 0, 4)
  const size = numberAt(view, id.length, 8)
  const start = at + id.length + size.length
  // What an element of unknown size holds comes after it as if it were beside it; a segment holds all there is.
  if (size.isUnknown) return { id: id.whole, start, end: id.whole === SEGMENT ? most : start }
  if (start + size.value > most) throw damaged()
  return { id: id.whole, start, end: start + size.value }
}

/** A number whose first bits say how many bytes it has; `whole` counts those bits in, as ids do. */
function numberAt(view: DataView, at: number, longest: number) {
  const first = at < view.byteLength ? view.getUint8(at) : 0
  const length = Math.clz32(first) - 23
  if (length > longest || at + length > view.byteLength) throw damaged()
  const bytes = Array.from({ length }, (_, offset) => view.getUint8(at + offset))
  const whole = bytes.reduce((number, byte) => number * 256 + byte, 0)
  const marker = 2 ** (7 * length)
  // Beyond 2^53 it is not exact, and larger than any file.
  const value = bytes.slice(1).reduce((number, byte) => number * 256 + byte, first % (256 >> length))
  return { length, whole, value, isUnknown: value >= marker - 1 }
}

async function requireWebm(source: Source, header: Element): Promise<void> {
  const element = (await elementsIn(source, header)).find(({ id }) => id === DOC_TYPE)
  const view = element && (await source.read(element.start, element.end))
  if (view && new TextDecoder().decode(view).replaceAll('\0', '') === 'webm') return
  throw new MediaError('unfit', 'is a video of another kind')
}

async function sizeOf(source: Source, tracks: Element): Promise<{ width: number; height: number }> {
  for (const entry of await elementsIn(source, tracks)) {
    const inside = entry.id === TRACK_ENTRY ? await elementsIn(source, entry) : []
    const video = inside.find(({ id }) => id === VIDEO)
    if (!video || (await wholeNumber(source, inside, TRACK_TYPE)) !== VIDEO_TRACK) continue
    const about = await elementsIn(source, video)
    const [width, height] = [PIXEL_WIDTH, PIXEL_HEIGHT].map(id => wholeNumber(source, about, id))
    return { width: (await width) ?? 0, height: (await height) ?? 0 }
  }
  throw new MediaError('unfit', 'is a video without a picture')
}

async function durationOf(source: Source, info: Element): Promise<number | null> {
  const about = await elementsIn(source, info)
  const duration = about.find(({ id }) => id === DURATION)
  if (!duration) return null
  const view = await source.read(duration.start, duration.end)
  const ticks = view.byteLength === 8 ? view.getFloat64(0) : view.byteLength === 4 ? view.getFloat32(0) : Number.NaN
  return (ticks * ((await wholeNumber(source, about, TIMESTAMP_SCALE)) ?? MILLISECOND)) / 1e9
}

async function wholeNumber(source: Source, among: readonly Element[], id: number): Promise<number | undefined> {
  const element = among.find(candidate => candidate.id === id)
  if (!element || element.end - element.start > 8) return undefined
  const view = await source.read(element.start, element.end)
  return Array.from({ length: view.byteLength }, (_, at) => view.getUint8(at)).reduce(
    (sum, byte) => sum * 256 + byte,
    0,
  )
}
