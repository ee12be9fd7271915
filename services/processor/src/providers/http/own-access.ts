import type { DownloadAccess } from '../adapter.ts'

/**
 * Returns how outputs are fetched that are on the address of a connection itself, which may be a private one: without a key, because
 * whoever has the URL may have the file.
 */
export function createOwnAccess(baseUrl: string): DownloadAccess {
  return { headers: {}, origins: [new URL(baseUrl).origin] }
}
