/** A signed request of the SDK. */
interface SignedRequest {
  protocol: string
  hostname: string
  port?: number
  path: string
  query?: Record<string, string | string[] | null>
  method: string
  headers: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
}

/**
 * Sends a request of the SDK with Bun's own fetch, which takes bytes without copying them, returns web streams, stops at once on
 * an abort, and reports a response body that was cut short as an error.
 */
export async function sendWithFetch(request: SignedRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) {
  const { protocol, hostname, port, path, query, method, headers, body } = request
  const url = `${protocol}//${hostname}${port ? `:${port}` : ''}${path}`
  const fetched = await fetch(appendQuery(url, query), {
    method,
    headers,
    body: body ?? null,
    signal: abortSignal ?? null,
    // The signature is meant for this server alone, and the bytes are needed as they are stored.
    redirect: 'manual',
    decompress: false,
  })
  const { status: statusCode, statusText: reason } = fetched
  return {
    response: {
      statusCode,
      reason,
      headers: Object.fromEntries(fetched.headers),
      body: fetched.body ?? new Uint8Array(),
    },
  }
}

function appendQuery(address: string, query: SignedRequest['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value].flat().map(one => `${encodeRfc3986(name)}=${encodeRfc3986(one ?? '')}`),
  )
  return pairs.length === 0 ? address : `${address}?${pairs.join('&')}`
}

/**
 * Percent-encodes text as the signature of the request does.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}
