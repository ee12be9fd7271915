import { MediaError } from '../media-error.ts'
import { createDamagedImageError } from './image-layout.ts'

/** The header of a JPEG's frame. */
export interface JpegFrame {
  width: number
  height: number
  isProgressive: boolean
  /** Whether decoders support its kind of coding: sequential or progressive, with Huffman codes, 8 bits a sample. */
  isSupported: boolean
  /** Samples of all components. */
  samples: number
  components: number
  /** The least that the data of an image of this size can have, in bytes. */
  minScanBytes: number
}

const [BASELINE, EXTENDED, PROGRESSIVE] = [0xc0, 0xc1, 0xc2]
const BLOCK_EDGE = 8

/**
 * Reads the header of a frame, from its marker on.
 *
 * @throws MediaError if it is cut short
 */
export function readJpegFrame(segment: Buffer): JpegFrame {
  const components = segment.length < 10 ? 0 : segment.readUInt8(9)
  if (components === 0 || segment.length < 10 + 3 * components) throw createDamagedImageError()
  const [height, width] = [segment.readUInt16BE(5), segment.readUInt16BE(7)]
  const marker = segment.readUInt8(1)
  const samples = countSamples(segment, components, width, height)
  return {
    ...{ width, height, components, samples },
    isProgressive: marker === PROGRESSIVE,
    isSupported: [BASELINE, EXTENDED, PROGRESSIVE].includes(marker) && segment.readUInt8(4) === 8 && components <= 4,
    // A block needs at least one bit, that of its mean value.
    minScanBytes: Math.floor(samples / BLOCK_EDGE ** 2 / 8),
  }
}

/** @throws MediaError if decoders do not support the image */
export function assertDecodableFrame({ isSupported, height }: JpegFrame): void {
  if (!isSupported)
    throw new MediaError('unfit', 'is a JPEG of a rare kind (arithmetic, lossless or 12 bits), which cannot be read')
  if (height === 0) throw new MediaError('unfit', 'is a JPEG that does not state its height, which cannot be read')
}

/** Estimates the memory for decoding: coefficients of all samples if progressive, all pixels if it has to be turned, else some rows. */
export function estimateBytes(frame: JpegFrame, isTurned: boolean): number {
  const coefficients = frame.isProgressive ? 2 * frame.samples : 0
  const rows = isTurned ? 2 * frame.height : Math.min(frame.height, 1_024)
  return coefficients + frame.width * rows * frame.components
}

function countSamples(segment: Buffer, components: number, width: number, height: number): number {
  const factors = Array.from({ length: components }, (_, index) => {
    const factor = segment.readUInt8(11 + 3 * index)
    return { across: factor >> 4, down: factor & 15 }
  })
  const across = Math.max(1, ...factors.map(factor => factor.across))
  const down = Math.max(1, ...factors.map(factor => factor.down))
  return factors.reduce(
    (sum, factor) => sum + Math.ceil((width * factor.across) / across) * Math.ceil((height * factor.down) / down),
    0,
  )
}
