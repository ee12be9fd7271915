import type { S3Endpoint } from './s3-server.ts'

/** Answers a request in place of the server, or forwards it, changed or unchanged. */
export type RequestInterceptor = (
  request: ProxiedRequest,
  forward: (request: ProxiedRequest) => Promise<Response>,
) => Promise<Response>

export interface ProxiedRequest {
  method: string
  /** With its query. */
  path: string
  headers: Headers
  body: Uint8Array<ArrayBuffer>
}

export interface FaultProxy extends AsyncDisposable {
  endpoint: S3Endpoint
  /** Every request, as `PUT /bucket/key`, in order of arrival. */
  requests: string[]
  intercept: RequestInterceptor
}

/** Starts a proxy of a server that passes each request to the test's `intercept`. A body is forwarded once it is complete. */
export function startFaultProxy(to: S3Endpoint): FaultProxy {
  const forward = async ({ path, method, headers, body }: ProxiedRequest) => {
    // The host header is signed, so the server behind must see the proxy's.
    const response = await fetch(`${to.endpoint}${path}`, { method, headers, body: body.byteLength > 0 ? body : null })
    return method === 'HEAD' ? response : new Response(await response.arrayBuffer(), response)
  }
  const requests: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: async request => {
      const { method, headers, url } = request
      const path = url.slice(new URL(url).origin.length)
      requests.push(`${method} ${path}`)
      return await proxy.intercept(
        { method, path, headers, body: new Uint8Array(await request.arrayBuffer()) },
        forward,
      )
    },
    error: () => new Response(null, { status: 500 }),
  })
  const proxy: FaultProxy = {
    endpoint: { ...to, endpoint: server.url.origin },
    requests,
    intercept: (request, forward) => forward(request),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
  return proxy
}

/** Applies an interceptor to the first of every two requests with the same method and path. */
export function interceptEveryOther(intercept: RequestInterceptor): RequestInterceptor {
  const counts = new Map<string, number>()
  return (request, forward) => {
    const target = `${request.method} ${request.path}`
    const count = counts.get(target) ?? 0
    counts.set(target, count + 1)
    return count % 2 === 0 ? intercept(request, forward) : forward(request)
  }
}

/** Returns the request with another body. */
export function withBody(request: ProxiedRequest, body: Uint8Array<ArrayBuffer>): ProxiedRequest {
  const headers = new Headers(request.headers)
  headers.set('content-length', String(body.byteLength))
  return { ...request, headers, body }
}
