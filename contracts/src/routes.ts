import { PREVIEW_WIDTHS, type PreviewWidth } from './enums.ts'

/** Addresses. Free of schemas. */

export const SERVICES = ['ingest', 'processor', 'query'] as const
export type Service = (typeof SERVICES)[number]

/** What the gateway sends to ingest; everything else goes to query. A prefix matches itself and whatever follows a `/`. */
export const INGEST_PREFIXES = ['/api/generate', '/api/references', '/api/admin', '/api/auth'] as const

/** Addresses of a service that only operators reach: the gateway does not route them. */
export const OPERATOR_PATHS = ['/healthz', '/readyz', '/metrics'] as const

/** Which service answers for a path; undefined if the gateway routes it nowhere. */
export function serviceFor(path: string): 'ingest' | 'query' | undefined {
  if (OPERATOR_PATHS.some(prefix => isUnder(prefix, path))) return undefined
  return INGEST_PREFIXES.some(prefix => isUnder(prefix, path)) ? 'ingest' : 'query'
}

/** The address of an object of the store. */
export function mediaUrl(key: string): string {
  return `/media/${key}`
}

/** The key of the preview that lies beside an object: `a/b.png` → `a/b.w320.webp`. */
export function previewKey(key: string, width: PreviewWidth): string {
  return `${key.replace(/\.[a-z0-9]+$/, '')}.w${width}.webp`
}

/** The keys of an object and of the previews beside it. */
export function objectsOf(key: string): string[] {
  return [key, ...PREVIEW_WIDTHS.map(width => previewKey(key, width))]
}

const LARGEST_PREVIEW = new RegExp(`\\.w${Math.max(...PREVIEW_WIDTHS)}\\.webp$`)

/** The same preview at another width: rows name the largest one. Any other address comes back as it is. */
export function previewAt(previewUrl: string, width: PreviewWidth): string {
  return previewUrl.replace(LARGEST_PREVIEW, `.w${width}.webp`)
}

function isUnder(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
