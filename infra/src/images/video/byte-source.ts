import type { MediaInput } from '../image.ts'
import { MediaError } from '../media-error.ts'

/** What is wanted of a video. */
export interface VideoProperties {
  /** Pixels, as it is shown. */
  width: number
  height: number
  /** in seconds; null if it does not say */
  duration: number | null
}

/** Bytes of which a few are read here and there. */
export interface ByteSource {
  size: number
  /** Fewer where there are no more. */
  read(start: number, end: number): Promise<DataView>
}

/** However a video is made up, nobody goes through more pieces than this. */
export const MAX_ELEMENTS = 200_000

export function openByteSource(source: MediaInput): ByteSource {
  if (source instanceof Uint8Array) {
    return { size: source.byteLength, read: async (start, end) => toDataView(source.subarray(start, end)) }
  }
  const file = Bun.file(source.path)
  return { size: source.bytes, read: async (start, end) => toDataView(await file.slice(start, end).bytes()) }
}

export function createDamagedError(): MediaError {
  return new MediaError('damaged', 'is a video that is damaged or cut short')
}

/** @throws MediaError if that is no size of a picture */
export function validateProperties(properties: VideoProperties): VideoProperties {
  const { width, height, duration } = properties
  const isSize = (edge: number) => Number.isInteger(edge) && edge > 0 && edge <= 65_535
  if (!isSize(width) || !isSize(height)) throw new MediaError('unfit', 'is a video without a picture')
  const isDuration = duration !== null && Number.isFinite(duration) && duration > 0
  return { width, height, duration: isDuration ? duration : null }
}

function toDataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
