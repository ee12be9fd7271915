/** The smallest that every server takes. Of a stream three are in memory at most: two on their way and one being filled. */
export const PART_BYTES = 5 * 1024 * 1024

const EMPTY: Uint8Array = new Uint8Array()

/**
 * Cuts a stream into parts of `PART_BYTES`, but for the last, which has what is left. A stream that is empty is one part. The
 * stream is let go of when nobody wants another part, or when the signal is aborted.
 */
export async function* splitIntoParts(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const read = () => reader.read()
  const cancelReader = () => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', cancelReader, { once: true })
  try {
    let next = await readPart(read, EMPTY)
    signal.throwIfAborted()
    yield next.part
    while (next.part.byteLength === PART_BYTES) {
      next = await readPart(read, next.rest)
      signal.throwIfAborted()
      if (next.part.byteLength > 0) yield next.part
    }
  } finally {
    signal.removeEventListener('abort', cancelReader)
    cancelReader()
  }
}

/** Reads until a part is full or the stream has ended. @param rest what was read before and is in no part yet */
async function readPart(read: () => Promise<{ done: boolean; value?: Uint8Array | undefined }>, rest: Uint8Array) {
  const part = new Uint8Array(PART_BYTES)
  let filled = 0
  for (let chunk = rest; ; ) {
    const taken = chunk.subarray(0, PART_BYTES - filled)
    part.set(taken, filled)
    filled += taken.byteLength
    if (filled === PART_BYTES) return { part, rest: chunk.subarray(taken.byteLength) }
    const next = await read()
    if (!next.value) return { part: part.subarray(0, filled), rest: EMPTY }
    chunk = next.value
  }
}
