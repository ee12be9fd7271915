/** A function that passes on the chunks of a file. */
export type PassChunks = (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array, void, void>

/** Bytes that are passed on between two collections. A collection takes about 15 ms. */
const BYTES_BETWEEN_COLLECTIONS = 16 * 1024 * 1024

/**
 * Returns a function that passes on the chunks of one file after another, and has those that were sent collected as garbage. The
 * collector does not count the memory behind them: without this the process grows by 70 MB while it sends files (`bun run bench
 * download`).
 */
export function createChunkCollector(): PassChunks {
  let passedBytes = 0
  return async function* (chunks) {
    for await (const chunk of chunks) {
      yield chunk
      passedBytes += chunk.byteLength
      if (passedBytes < BYTES_BETWEEN_COLLECTIONS) continue
      passedBytes = 0
      Bun.gc(true)
    }
  }
}
