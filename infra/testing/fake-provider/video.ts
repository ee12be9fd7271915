import { FILLER, type FileContent, totalBytes } from './file-content.ts'

/** Metadata of a video without frames. */
export interface VideoOptions {
  width: number
  height: number
  seconds: number
  /** Approximate size of the file. */
  bytes: number
}

/** Creates an MP4 file with its index at the end. */
export function makeMp4({ width, height, seconds, bytes }: VideoOptions): FileContent {
  const times = [0, 0, 1_000, seconds * 1_000]
  const trackHeader = box(
    'tkhd',
    uint32s(3, 0, 0, 1, 0, seconds * 1_000, 0, 0, 0, 0),
    MATRIX,
    uint32s(width << 16, height << 16),
  )
  const media = box(
    'mdia',
    box('mdhd', uint32s(0, ...times, 0)),
    box('hdlr', uint32s(0, 0), ascii('vide'), uint32s(0, 0, 0, 0)),
  )
  const movieHeader = box('mvhd', uint32s(0, ...times, 0x10000, 0x1000000, 0, 0), MATRIX, uint32s(0, 0, 0, 0, 0, 0, 2))
  const index = box('moov', movieHeader, box('trak', trackHeader, media))
  const data = Array.from({ length: Math.max(1, Math.round(bytes / FILLER.byteLength)) }, () => FILLER)
  const head = Buffer.concat([
    box('ftyp', ascii('isom'), uint32s(0), ascii('isommp42')),
    uint32s(totalBytes(data) + 8),
    ascii('mdat'),
  ])
  return { type: 'video/mp4', pieces: [head, ...data, index] }
}

/** Creates a WebM file whose elements have known sizes. */
export function makeWebm({ width, height, seconds, bytes }: VideoOptions): FileContent {
  const info = element('1549a966', element('2ad7b1', uint32s(1_000_000)), element('4489', float(seconds * 1_000)))
  const video = element('e0', element('b0', uint32s(width)), element('ba', uint32s(height)))
  const track = element('ae', element('d7', byte(1)), element('83', byte(1)), element('86', ascii('V_VP8')), video)
  const clusters = Array.from({ length: Math.max(1, Math.round(bytes / FILLER.byteLength)) }, (_, at) => cluster(at))
  const inside = [info, element('1654ae6b', track), ...clusters.flat()]
  const head = Buffer.concat([
    element('1a45dfa3', element('4282', ascii('webm'))),
    elementHead('18538067', totalBytes(inside)),
  ])
  return { type: 'video/webm', pieces: [head, ...inside] }
}

/** Identity transformation matrix. */
const MATRIX = uint32s(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

function box(type: string, ...content: Uint8Array[]): Buffer {
  return Buffer.concat([uint32s(totalBytes(content) + 8), ascii(type), ...content])
}

/** Creates a cluster of one block. */
function cluster(seconds: number): Uint8Array[] {
  const time = element('e7', uint32s(seconds * 1_000))
  const block = Buffer.concat([elementHead('a3', FILLER.byteLength + 4), Buffer.from('81000080', 'hex')])
  return [elementHead('1f43b675', time.byteLength + block.byteLength + FILLER.byteLength), time, block, FILLER]
}

function element(id: string, ...content: Uint8Array[]): Buffer {
  return Buffer.concat([elementHead(id, totalBytes(content)), ...content])
}

function elementHead(id: string, bytes: number): Buffer {
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(bytes) | (1n << 56n))
  return Buffer.concat([Buffer.from(id, 'hex'), size])
}

function uint32s(...numbers: number[]): Buffer {
  return Buffer.from(Uint32Array.from(numbers).buffer).swap32()
}

function float(number: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(number)
  return bytes
}

function byte(number: number): Buffer {
  return Buffer.from([number])
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
