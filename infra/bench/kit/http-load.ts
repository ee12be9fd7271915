/** The duration of each request, in ms, and of all. */
export interface LoadResult {
  milliseconds: number[]
  seconds: number
}

/** Requests a URL again and again for `seconds`, by `concurrency` workers, over keep-alive connections. */
export async function generateLoad(
  url: string,
  options: { concurrency: number; seconds: number; headers?: Record<string, string> },
): Promise<LoadResult> {
  const startedAt = performance.now()
  const deadline = startedAt + options.seconds * 1_000
  const milliseconds: number[] = []
  const runWorker = async () => {
    while (performance.now() < deadline) {
      const requestedAt = performance.now()
      const response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...options.headers } })
      if (!response.ok) throw new Error(`${url} answered ${response.status}`)
      await response.arrayBuffer()
      milliseconds.push(performance.now() - requestedAt)
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, runWorker))
  return { milliseconds, seconds: (performance.now() - startedAt) / 1_000 }
}
