/** When a batch ends: at a number of items, or once they have so many bytes together. */
export interface BatchLimits {
  items: number
  bytes: number
}

/**
 * Yields items in batches, in their order. An item that is large by itself ends its batch, so that few are in memory.
 *
 * @param bytesOf returns the memory of an item
 */
export async function* collectBatches<T>(
  items: AsyncIterable<T>,
  limits: BatchLimits,
  bytesOf: (item: T) => number,
): AsyncGenerator<T[]> {
  let batch: T[] = []
  let bytes = 0
  for await (const item of items) {
    batch.push(item)
    bytes += bytesOf(item)
    if (batch.length < limits.items && bytes < limits.bytes) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}
