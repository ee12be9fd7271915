/** What the SDK hands on to be sent, signed. */
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
 * Sends the SDK's requests by Bun's own fetch: it takes bytes as they are, gives answers as web streams, breaks off at once
 * when its signal is aborted, and tells a body that was cut from one that has ended.
 */
export async function sendWithFetch(request: SignedRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) {
  const { protocol, hostname, port, path, query, method, headers, body } = request
  const url = `${protocol}//${hostname}${port ? `:${port}` : ''}${path}`
  const fetched = await fetch(appendQuery(url, query), {
    method,
    headers,
    body: body ?? null,
    signal: abortSignal ?? null,
    // What is signed is for this server alone, and its bytes are wanted as they lie there.
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

/** As it is signed. @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}
