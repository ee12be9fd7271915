declare global {
  interface Window {
    /** Responses that early-requests.js has requested, by path and query. A failed request has none. */
    earlyResponses?: Map<string, Promise<Response | undefined>>
  }
}

/**
 * Returns the response to a request that was made before the page's script was there, each once: what is read later is read anew.
 *
 * @returns undefined if there is none, or if it failed
 */
export async function takeEarlyResponse(url: string): Promise<Response | undefined> {
  const early = globalThis.window?.earlyResponses
  if (!early) return undefined
  const { pathname, search } = new URL(url, 'http://localhost')
  const response = early.get(pathname + search)
  early.delete(pathname + search)
  return await response
}
