/** Addresses. Free of schemas. */

export const SERVICES = ['ingest', 'processor', 'query'] as const
export type Service = (typeof SERVICES)[number]

/** What the gateway sends to ingest; everything else goes to query. A prefix matches itself and whatever follows a `/`. */
export const INGEST_PREFIXES = ['/api/generate', '/api/references', '/api/admin', '/api/auth'] as const

/** Addresses of a service that only operators reach: the gateway does not route them. */
export const OPERATOR_PATHS = ['/healthz', '/readyz', '/metrics'] as const

/** Which service answers for a path; undefined if the gateway routes it nowhere. */
export function resolveService(path: string): 'ingest' | 'query' | undefined {
  if (OPERATOR_PATHS.some(prefix => matchesPrefix(prefix, path))) return undefined
  return INGEST_PREFIXES.some(prefix => matchesPrefix(prefix, path)) ? 'ingest' : 'query'
}

/** The address of an object of the store. */
export function mediaUrl(key: string): string {
  return `/media/${key}`
}

function matchesPrefix(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
