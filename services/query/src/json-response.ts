import { type Encoding, selectEncoding } from './accept-encoding.ts'
import { isNotModified } from './conditional/conditions.ts'

/** Shorter texts fit into a packet or two uncompressed. */
const MIN_COMPRESSED_LENGTH = 4_096
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i

/** JSON as a text, or as its bytes in UTF-8. */
type JsonText = string | Uint8Array<ArrayBuffer>

/**
 * Creates a response from JSON text without parsing it, typed as the parsed value. It is 304 when the client has the text already, and
 * compressed if it is long and the client accepts that.
 *
 * @throws ProblemError `precondition_failed`
 */
export function createJsonResponse<T>(request: Request, text: JsonText): T {
  return buildResponse(request, text) as unknown as T
}

function buildResponse(request: Request, text: JsonText): Response {
  const etag = `W/"${Bun.hash(text).toString(36)}"`
  const headers = {
    'content-type': 'application/json;charset=utf-8',
    'cache-control': 'private, no-cache',
    vary: 'accept-encoding',
    etag,
  }
  if (isNotModified(request, { etag })) return new Response(null, { status: 304, headers })
  const encoding = selectTextEncoding(request, text)
  if (encoding === 'identity') return new Response(text, { headers })
  return new Response(compress(text, encoding), { headers: { ...headers, 'content-encoding': encoding } })
}

function compress(text: JsonText, encoding: Encoding): Uint8Array<ArrayBuffer> {
  if (encoding === 'zstd') return new Uint8Array(Bun.zstdCompressSync(text, { level: 1 }))
  return Bun.gzipSync(typeof text === 'string' ? Buffer.from(text) : text, { level: 1 })
}

/**
 * Selects how to compress a text. zstd costs a tenth of a millisecond for a page, gzip several times that: on one machine, which the `host`
 * header shows, it costs more than sending the text as it is.
 */
function selectTextEncoding(request: Request, text: JsonText): Encoding {
  if (text.length < MIN_COMPRESSED_LENGTH) return 'identity'
  const isLocal = LOOPBACK.test(request.headers.get('host') ?? '')
  return selectEncoding(request.headers.get('accept-encoding'), isLocal ? ['zstd'] : ['zstd', 'gzip'])
}
