/**
 * Runs `work` for each item, at most `concurrency` at once, and yields the results in the order of the items. Items are taken
 * only as there is a free slot, so that a source without end needs no memory.
 *
 * @throws the first error of `work` or of the source, once the work that has begun has ended
 */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const started: Promise<Result>[] = []
  try {
    for await (const item of items) {
      const result = work(item)
      // Awaited later: until then a rejection must not count as unhandled.
      result.catch(() => {})
      started.push(result)
      if (started.length >= concurrency) yield* takeFirst(started)
    }
    while (started.length > 0) yield* takeFirst(started)
  } finally {
    await Promise.allSettled(started)
  }
}

async function* takeFirst<Result>(started: Promise<Result>[]): AsyncGenerator<Result> {
  const first = started.shift()
  if (first) yield await first
}
