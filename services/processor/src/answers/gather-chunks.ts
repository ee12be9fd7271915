/**
 * Reads ahead while its consumer is at work, and yields what has arrived meanwhile as one chunk. The order and the bytes stay as they are;
 * an error of the source comes after all that arrived before it.
 *
 * @param maxBytes about the most that is read ahead
 */
export async function* gatherChunks(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  const iterator = source[Symbol.asyncIterator]()
  const queue: ReadAhead = { chunks: [], bytes: 0, end: undefined, changed: Promise.withResolvers() }
  const reading = readAhead(iterator, queue, maxBytes)
  try {
    for (;;) {
      const { chunks, end, changed } = queue
      if (chunks.length > 0) {
        Object.assign(queue, { chunks: [], bytes: 0 })
        notify(queue)
        yield chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
      } else if (end) {
        if (end.kind === 'failed') throw end.error
        return
      } else await changed.promise
    }
  } finally {
    queue.end ??= { kind: 'ended' }
    notify(queue)
    await iterator.return?.()
    await reading
  }
}

interface ReadAhead {
  chunks: Uint8Array[]
  bytes: number
  /** The end of the source, or of its consumer. */
  end: { kind: 'ended' } | { kind: 'failed'; error: unknown } | undefined
  changed: PromiseWithResolvers<void>
}

async function readAhead(iterator: AsyncIterator<Uint8Array>, queue: ReadAhead, maxBytes: number): Promise<void> {
  try {
    while (!queue.end) {
      const next = await iterator.next()
      if (next.done) break
      queue.chunks.push(next.value)
      queue.bytes += next.value.byteLength
      notify(queue)
      while (queue.bytes > maxBytes && !queue.end) await queue.changed.promise
    }
    queue.end ??= { kind: 'ended' }
  } catch (error) {
    queue.end ??= { kind: 'failed', error }
  }
  notify(queue)
}

function notify(queue: ReadAhead): void {
  queue.changed.resolve()
  queue.changed = Promise.withResolvers()
}
