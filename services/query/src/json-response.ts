/** Shorter texts fit into a packet or two uncompressed. */
const MIN_COMPRESSED_LENGTH = 4_096
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i

/**
 * Creates a response from JSON text without parsing it, typed as the parsed value. It is 304 when the request's `if-none-match`
 * names the text's ETag, and compressed when the client is on another machine.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function createJsonResponse<T>(request: Request, text: string): T {
  return buildResponse(request, text) as unknown as T
}

function buildResponse(request: Request, text: string): Response {
  const etag = `W/"${Bun.hash(text).toString(36)}"`
  const headers = {
    'content-type': 'application/json;charset=utf-8',
    'cache-control': 'private, no-cache',
    vary: 'accept-encoding',
    etag,
  }
  if (isNotModified(request, etag)) return new Response(null, { status: 304, headers })
  if (!shouldCompress(request, text)) return new Response(text, { headers })
  const compressed = Bun.gzipSync(Buffer.from(text), { level: 1 })
  return new Response(compressed, { headers: { ...headers, 'content-encoding': 'gzip' } })
}

function isNotModified(request: Request, etag: string): boolean {
  const etags = request.headers.get('if-none-match')?.split(',') ?? []
  return etags.some(tag => tag.trim() === etag || tag.trim() === '*')
}

/** Returns whether to compress. On one machine sending costs less than compressing; the `host` header shows whether it is one. */
function shouldCompress(request: Request, text: string): boolean {
  if (text.length < MIN_COMPRESSED_LENGTH || LOOPBACK.test(request.headers.get('host') ?? '')) return false
  return /(^|,)\s*gzip\s*(;\s*q=(0\.0*[1-9]|1)[\d.]*\s*)?(,|$)/i.test(request.headers.get('accept-encoding') ?? '')
}
