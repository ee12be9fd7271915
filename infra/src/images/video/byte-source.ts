import { MediaError } from '../media-error.ts'
import { getByteLength, type MediaInput, readBytes } from '../media-input.ts'

/** The properties that are read from a video's headers. */
export interface VideoProperties {
  /** Pixels, as displayed. */
  width: number
  height: number
  /** In seconds; null when the file does not state it. */
  duration: number | null
}

/** Random access to the bytes of a video. */
export interface ByteSource {
  size: number
  /** Reads the bytes from `start` up to `end`; fewer when the source ends before. */
  read(start: number, end: number): Promise<DataView>
}

/** A day. What claims to be longer says nothing that is worth showing. */
const MAX_DURATION_SECONDS = 86_400

/** Limit on the elements of one level that are read, which bounds the work on a hostile file. */
export const MAX_ELEMENTS = 200_000

export function openByteSource(input: MediaInput): ByteSource {
  return {
    size: getByteLength(input),
    read: async (start, end) => toDataView(await readBytes(input, start, end)),
  }
}

export function createDamagedError(): MediaError {
  return new MediaError('damaged', 'is a video that is damaged or cut short')
}

/**
 * Validates the dimensions of a video and drops a duration that makes no sense.
 *
 * @throws MediaError when the dimensions are not those of an image
 */
export function validateProperties(properties: VideoProperties): VideoProperties {
  const { width, height, duration } = properties
  const isSize = (edge: number) => Number.isInteger(edge) && edge > 0 && edge <= 65_535
  if (!isSize(width) || !isSize(height)) throw new MediaError('unfit', 'is a video without a picture')
  return { width, height, duration: toDuration(duration) }
}

/** Returns a claimed duration in seconds; null for one that cannot be true, such as none, or more than a day. */
export function toDuration(seconds: number | null | undefined): number | null {
  return typeof seconds === 'number' && seconds > 0 && seconds <= MAX_DURATION_SECONDS ? seconds : null
}

function toDataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
