import type { Metrics } from '../metrics.ts'

/** Measures the duration of requests. */
export interface RequestMetrics {
  start(request: Request): void
  /** @param route the route's pattern, not the requested path, which would make a time series for every URL; absent for none */
  end(request: Request, route: string | undefined, status: number | string): void
}

export function createRequestMetrics({ requestDuration }: Pick<Metrics, 'requestDuration'>): RequestMetrics {
  const startTimes = new WeakMap<Request, number>()
  return {
    start: request => {
      startTimes.set(request, performance.now())
    },
    end: (request, route = 'none', status) => {
      const now = performance.now()
      const seconds = (now - (startTimes.get(request) ?? now)) / 1_000
      requestDuration.observe({ method: request.method, route, status: String(status) }, seconds)
    },
  }
}
