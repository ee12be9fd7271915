/** Paths of the services. Free of schemas. */

export const SERVICES = ['ingest', 'processor', 'query'] as const
export type Service = (typeof SERVICES)[number]

/** Path prefixes that the gateway routes to ingest; all others go to query. A prefix matches itself and everything below it. */
export const INGEST_PREFIXES = [
  '/api/generate',
  '/api/references',
  '/api/trash',
  '/api/connections',
  '/api/admin',
  '/api/auth',
] as const

/** Paths of every service for operators. The gateway does not route them to the service. */
export const OPERATOR_PATHS = ['/healthz', '/readyz', '/metrics'] as const

/** Readiness of the whole studio: the path at the gateway, and the path of query that answers it. */
export const READINESS_ROUTE = { path: '/readyz', target: '/api/readyz' } as const

/** Returns the service that the gateway routes a path to; undefined if it routes it nowhere. */
export function resolveService(path: string): 'ingest' | 'query' | undefined {
  if (OPERATOR_PATHS.some(prefix => matchesPrefix(prefix, path))) return undefined
  return INGEST_PREFIXES.some(prefix => matchesPrefix(prefix, path)) ? 'ingest' : 'query'
}

/** Returns the URL path of an object of the store. */
export function mediaUrl(key: string): string {
  return `/media/${key}`
}

function matchesPrefix(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
