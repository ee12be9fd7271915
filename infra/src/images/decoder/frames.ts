/**
 * Frames between a service and its decoder process: the lengths of a header and of a body as 32-bit numbers, the header as JSON, the
 * body as it is.
 */
export interface Frame {
  header: unknown
  body: Uint8Array
}

/** Longest body, in bytes: more than any image that is accepted. */
export const MAX_IMAGE_BYTES = 512 * 1024 * 1024

const LENGTHS_BYTES = 8
/** Bytes that are written at once: what a pipe does not take is copied until it does. */
const CHUNK_BYTES = 1024 * 1024
/** Longest header that is read, in bytes: it has no bytes of an image. */
const MAX_HEADER_BYTES = 64 * 1024

/** Encodes the beginning of a frame, which its body of `bodyBytes` follows. @throws Error if the header is too long */
export function encodeFrameStart(header: unknown, bodyBytes: number): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header))
  if (json.byteLength > MAX_HEADER_BYTES) throw new Error('the header of a frame is too long')
  const start = new Uint8Array(LENGTHS_BYTES + json.byteLength)
  const lengths = new DataView(start.buffer)
  lengths.setUint32(0, json.byteLength, true)
  lengths.setUint32(4, bodyBytes, true)
  start.set(json, LENGTHS_BYTES)
  return start
}

/** Sends a frame. @throws the error of the pipe, or Error if the header is too long */
export async function sendFrame(pipe: Bun.FileSink, header: unknown, body: Uint8Array): Promise<void> {
  // Typed as a number, a write may be a promise. Its rejection, when the other process has died, would end this one if nobody awaited it.
  await pipe.write(encodeFrameStart(header, body.byteLength))
  for (let start = 0; start < body.byteLength; start += CHUNK_BYTES) {
    await pipe.write(body.subarray(start, start + CHUNK_BYTES))
    await pipe.flush()
  }
  await pipe.flush()
}

/** Yields the frames of a stream, until it ends. A body is read into a buffer of its length. @throws Error if a frame is too long */
export async function* readFrames(stream: ReadableStream<Uint8Array>, maxBodyBytes: number): AsyncGenerator<Frame> {
  const source = createByteReader(stream)
  for (;;) {
    const lengths = await source.read(LENGTHS_BYTES)
    if (!lengths) return
    const view = new DataView(lengths.buffer)
    const [headerBytes, bodyBytes] = [view.getUint32(0, true), view.getUint32(4, true)]
    if (headerBytes > MAX_HEADER_BYTES || bodyBytes > maxBodyBytes) throw new Error('a frame is too long')
    const header = await source.read(headerBytes)
    const body = await source.read(bodyBytes)
    if (!header || !body) return
    yield { header: JSON.parse(new TextDecoder().decode(header)), body }
  }
}

function createByteReader(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader()
  let rest = new Uint8Array(0)
  return {
    /** Returns a new array of the next `length` bytes; undefined if the stream ends before. */
    read: async (length: number): Promise<Uint8Array<ArrayBuffer> | undefined> => {
      const bytes = new Uint8Array(length)
      for (let filled = 0; filled < length; ) {
        if (rest.byteLength === 0) {
          const { value } = await reader.read()
          if (!value) return undefined
          rest = value as Uint8Array<ArrayBuffer>
        }
        const piece = rest.subarray(0, length - filled)
        bytes.set(piece, filled)
        filled += piece.byteLength
        rest = rest.subarray(piece.byteLength)
      }
      return bytes
    },
  }
}
