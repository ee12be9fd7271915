import type { Random } from '../../../testing/random.ts'
import type { BaseImages, BuiltImage } from './built-image.ts'
import { createExif } from './exif.ts'
import { createOrderMutations, insertRandomly, type MutatePieces, mutatePieces } from './mutate-pieces.ts'

/** A segment with its marker; that of a scan with its entropy-coded data. */
interface Segment {
  marker: number
  bytes: Buffer
}

const [START, END, SCAN, RESTART_INTERVAL, COMMENT, LINES] = [0xd8, 0xd9, 0xda, 0xdd, 0xfe, 0xdc]
const [EXIF_APP, PROFILE_APP] = [0xe1, 0xe2]
const FRAME_MARKERS = [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc9, 0xca, 0xcb]
const MAX_SEGMENT = 65_533

/** Mutates the segments of a JPEG. */
export function buildJpeg(random: Random, bases: BaseImages): BuiltImage {
  const base = random.pick(bases.filter(({ type }) => type === 'image/jpeg'))
  const { pieces, names } = mutatePieces(splitSegments(base.bytes), {
    mutations: MUTATIONS,
    sizeOf: ({ bytes }) => bytes.length,
    random,
  })
  const bytes = Buffer.concat(pieces.map(segment => segment.bytes))
  return { type: 'image/jpeg', bytes, mutations: names.map(name => `a JPEG: ${name}`) }
}

/** Splits a whole JPEG into its segments. */
function splitSegments(bytes: Buffer): Segment[] {
  const segments: Segment[] = [{ marker: START, bytes: bytes.subarray(0, 2) }]
  let at = 2
  while (at + 4 <= bytes.length && bytes[at + 1] !== END) {
    const marker = bytes[at + 1] ?? 0
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    const next = marker === SCAN ? findMarker(bytes, end) : end
    segments.push({ marker, bytes: bytes.subarray(at, next) })
    at = next
  }
  return [...segments, { marker: END, bytes: bytes.subarray(at) }]
}

/** Returns the position of the marker that ends a scan. */
function findMarker(bytes: Buffer, from: number): number {
  for (let at = from; at + 1 < bytes.length; at += 1) {
    const next = bytes[at + 1] ?? 0
    if (bytes[at] === 0xff && next !== 0 && (next < 0xd0 || next > 0xd7)) return at
  }
  return bytes.length
}

function createSegment(marker: number, data: Uint8Array): Segment {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(Math.min(65_535, data.length + 2), 2)
  return { marker, bytes: Buffer.concat([head, data]) }
}

/** Changes a copy of each frame header, which has precision, height and width at 4, 5 and 7. */
function changeFrame(segments: Segment[], change: (bytes: Buffer) => void): Segment[] {
  return segments.map(segment => {
    if (!FRAME_MARKERS.includes(segment.marker)) return segment
    const bytes = Buffer.from(segment.bytes)
    if (bytes.length > 11) change(bytes)
    return { ...segment, bytes }
  })
}

function repeatScans(segments: Segment[], times: number): Segment[] {
  return segments.flatMap(segment => (segment.marker === SCAN ? Array<Segment>(times).fill(segment) : [segment]))
}

/** Creates a part of a profile that is one of many. */
function createProfilePart(random: Random): Segment {
  const number = Buffer.from([random.nextInt(256), random.nextInt(256)])
  return createSegment(PROFILE_APP, Buffer.concat([Buffer.from('ICC_PROFILE\0'), number, random.bytes(100)]))
}

const MUTATIONS: Record<string, MutatePieces<Segment>> = {
  ...createOrderMutations<Segment>('segment'),
  'other edges': (segments, random) =>
    changeFrame(segments, bytes => {
      bytes.writeUInt16BE(random.pick([0, 1, 24, 5_000, 65_500, 65_535]), 5)
      bytes.writeUInt16BE(random.pick([0, 1, 24, 5_000, 65_500, 65_535]), 7)
    }),
  'another precision': (segments, random) =>
    changeFrame(segments, bytes => bytes.fill(random.pick([0, 2, 12, 16]), 4, 5)),
  'another number of channels': (segments, random) =>
    changeFrame(segments, bytes => bytes.fill(random.pick([0, 1, 2, 4, 255]), 9, 10)),
  'another sampling': (segments, random) =>
    changeFrame(segments, bytes => bytes.fill(random.pick([0x00, 0x14, 0x41, 0x44, 0xff]), 11, 12)),
  'another kind of frame': (segments, random) =>
    changeFrame(segments, bytes => bytes.fill(random.pick(FRAME_MARKERS), 1, 2)),
  'scans again': (segments, random) => repeatScans(segments, random.pick([2, 50, 2_000])),
  'a restart interval': (segments, random) =>
    insertRandomly(segments, random, [createSegment(RESTART_INTERVAL, random.bytes(2))]),
  'a number of lines': (segments, random) =>
    insertRandomly(segments, random, [createSegment(LINES, Buffer.from([0xff, 0xff]))]),
  'a camera': (segments, random) =>
    segments.toSpliced(1, 0, createSegment(EXIF_APP, Buffer.concat([Buffer.from('Exif\0\0'), createExif(random)]))),
  'parts of a profile': (segments, random) =>
    insertRandomly(
      segments,
      random,
      Array.from({ length: 1 + random.nextInt(300) }, () => createProfilePart(random)),
    ),
  'long comments': (segments, random) =>
    insertRandomly(
      segments,
      random,
      Array<Segment>(random.pick([1, 30])).fill(createSegment(COMMENT, Buffer.alloc(MAX_SEGMENT, 'a'))),
    ),
  'another length': (segments, random) => {
    const bytes = Buffer.from(random.pick(segments).bytes)
    if (bytes.length > 4) bytes.writeUInt16BE(random.pick([0, 1, 2, 65_535]), 2)
    return segments.with(random.nextInt(segments.length), { marker: 0, bytes })
  },
}
