/** What asking took: milliseconds of each request. */
export interface LoadResult {
  milliseconds: number[]
  seconds: number
}

/** Asks for one address again and again for a while, so many times at once, over connections that are kept. */
export async function generateLoad(
  url: string,
  options: { concurrency: number; seconds: number },
): Promise<LoadResult> {
  const startedAt = performance.now()
  const deadline = startedAt + options.seconds * 1_000
  const milliseconds: number[] = []
  const runWorker = async () => {
    while (performance.now() < deadline) {
      const requestedAt = performance.now()
      const response = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
      if (!response.ok) throw new Error(`${url} answered ${response.status}`)
      await response.arrayBuffer()
      milliseconds.push(performance.now() - requestedAt)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, runWorker))
  return { milliseconds, seconds: (performance.now() - startedAt) / 1_000 }
}
