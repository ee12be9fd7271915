/**
 * Yields the chunks of a stream until its end. An abort cancels the stream at once, even while a read is pending on a stream
 * that has stalled; so does the end of the loop that consumes it.
 *
 * @throws what the stream throws, or the signal's reason
 */
export async function* readStream(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body.getReader()
  const cancelReader = () => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', cancelReader, { once: true })
  if (signal.aborted) cancelReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', cancelReader)
    cancelReader()
  }
}

/** Reads a stream of text to its end. @returns its last characters, without white space around them */
export async function readTail(stream: ReadableStream<Uint8Array>, maxCharacters: number): Promise<string> {
  const decoder = new TextDecoder()
  let tail = ''
  for await (const chunk of stream) tail = (tail + decoder.decode(chunk, { stream: true })).slice(-maxCharacters)
  return tail.trim()
}
