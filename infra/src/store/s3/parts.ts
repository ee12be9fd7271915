/** The smallest that every server takes. Of a stream three are in memory at most: two on their way and one being filled. */
export const PART_BYTES = 5 * 1024 * 1024

const NOTHING: Uint8Array = new Uint8Array()

/**
 * Cuts a stream into parts of `PART_BYTES`, but for the last, which has what is left. A stream that is empty is one part. The
 * stream is let go of when nobody wants another part, or when the signal is aborted.
 */
export async function* partsOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const read = () => reader.read()
  const letGo = () => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', letGo, { once: true })
  try {
    let next = await nextPart(read, NOTHING)
    signal.throwIfAborted()
    yield next.part
    while (next.part.byteLength === PART_BYTES) {
      next = await nextPart(read, next.rest)
      signal.throwIfAborted()
      if (next.part.byteLength > 0) yield next.part
    }
  } finally {
    signal.removeEventListener('abort', letGo)
    letGo()
  }
}

/** Reads until a part is full or the stream has ended. @param rest what was read before and is in no part yet */
async function nextPart(read: () => Promise<{ done: boolean; value?: Uint8Array | undefined }>, rest: Uint8Array) {
  const part = new Uint8Array(PART_BYTES)
  let filled = 0
  for (let chunk = rest; ; ) {
    const taken = chunk.subarray(0, PART_BYTES - filled)
    part.set(taken, filled)
    filled += taken.byteLength
    if (filled === PART_BYTES) return { part, rest: chunk.subarray(taken.byteLength) }
    const next = await read()
    if (!next.value) return { part: part.subarray(0, filled), rest: NOTHING }
    chunk = next.value
  }
}
