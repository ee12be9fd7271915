import { readStream } from '../../runtime/read-stream.ts'

/**
 * The smallest part that every server accepts. Of a stream at most three parts are in memory: two being uploaded and one being
 * filled.
 */
export const PART_BYTES = 5 * 1024 * 1024

const EMPTY: Uint8Array = new Uint8Array()

/**
 * Cuts a stream into parts of `PART_BYTES`; the last has the remaining bytes. An empty stream is one empty part. The stream is
 * cancelled when the loop that consumes the parts ends, or when the signal is aborted.
 *
 * @throws what the stream throws, or the signal's reason
 */
export async function* splitIntoParts(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = readStream(body, signal)
  try {
    let next = await readPart(chunks, EMPTY)
    yield next.part
    while (next.part.byteLength === PART_BYTES) {
      next = await readPart(chunks, next.rest)
      signal.throwIfAborted()
      if (next.part.byteLength > 0) yield next.part
    }
  } finally {
    await chunks.return()
  }
}

/**
 * Reads until a part is full or the stream has ended.
 *
 * @param rest bytes that were read before and belong to no part yet
 */
async function readPart(chunks: AsyncGenerator<Uint8Array, void>, rest: Uint8Array) {
  const part = new Uint8Array(PART_BYTES)
  let filled = 0
  for (let chunk = rest; ; ) {
    const piece = chunk.subarray(0, PART_BYTES - filled)
    part.set(piece, filled)
    filled += piece.byteLength
    if (filled === PART_BYTES) return { part, rest: chunk.subarray(piece.byteLength) }
    const next = await chunks.next()
    if (next.done) return { part: part.subarray(0, filled), rest: EMPTY }
    chunk = next.value
  }
}
