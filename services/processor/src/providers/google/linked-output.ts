import type { FailureClass } from '@darkroom/contracts/failures'
import type { DownloadAccess, ProviderOutput } from '../adapter.ts'
import { createMisbehavedError } from '../http/transport-error.ts'

/** Origin of the files of the Gemini API, wherever the connection's own address leads. */
const GOOGLE_ORIGIN = 'https://generativelanguage.googleapis.com'

/** Returns how files of Google are fetched: with the key, from the connection's own address and Google's. */
export function createGoogleAccess(baseUrl: string, headers: Record<string, string>): DownloadAccess {
  return { headers, origins: [...new Set([new URL(baseUrl).origin, GOOGLE_ORIGIN])] }
}

export interface LinkedFile {
  index: number
  uri: string
  expiresAt: Date | null
}

/** Returns the output of a file that Google has under an address. @throws ProviderError when that is no address */
export function toLinkedOutput(
  baseUrl: string,
  { index, uri, expiresAt }: LinkedFile,
  failure: FailureClass,
): ProviderOutput {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) throw createMisbehavedError(failure)
  // An address is stored, and a key never is.
  url.searchParams.delete('key')
  const needsAuth = createGoogleAccess(baseUrl, {}).origins.includes(url.origin)
  return { index, kind: 'url', url: url.href, expiresAt, ...(needsAuth && { needsAuth }) }
}
