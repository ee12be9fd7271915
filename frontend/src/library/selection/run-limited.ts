/** Results of requests that were made side by side. */
export interface LimitedResults<Result> {
  results: Result[]
  errors: unknown[]
}

/** Runs a request for each item, at most `limit` at once. A failed one does not stop the others. */
export async function runLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  request: (item: Item) => Promise<Result>,
): Promise<LimitedResults<Result>> {
  const results: Result[] = []
  const errors: unknown[] = []
  const waiting = items.values()
  const work = async () => {
    for (const item of waiting) {
      try {
        results.push(await request(item))
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  return { results, errors }
}
