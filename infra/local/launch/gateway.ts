import { resolveService } from '@darkroom/contracts/routes'
import { createProblemResponse, ProblemError } from '../../src/http/problem.ts'

export interface GatewayOptions {
  port: number
  host: string
  /** Base URL of each service, without a trailing slash. `ui` (Vite), if given, gets every path that is neither API nor media. */
  upstreams: { ingest: string; query: string; ui?: string }
  /** Time that a connection may stay open without a request, in seconds. */
  idleTimeoutSeconds?: number
}

export interface Gateway {
  port: number
  /** Accepts no more connections. Requests in progress continue. */
  stopListening(): void
  /** Closes the connections of requests in progress, mostly event streams. */
  closeConnections(): Promise<void>
}

/** Headers of one connection, which a proxy must not forward. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP_HEADERS = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
const QUERY_PATHS = /^\/(api|media)(\/|$)|^\/openapi\.json$/
const RETRY_AFTER = { retryAfterSeconds: 1 }

/**
 * Starts the reverse proxy at the studio's one address. It forwards each request to the service of its path, and streams request
 * and response bodies unchanged. The services themselves limit bodies and check Host and Origin.
 *
 * @throws Error with code EADDRINUSE if the port is taken
 */
export function startGateway({ port, host, upstreams, idleTimeoutSeconds = 10 }: GatewayOptions): Gateway {
  const server = Bun.serve({
    port,
    hostname: host,
    idleTimeout: idleTimeoutSeconds,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request, server) => {
      const url = new URL(request.url)
      const upstream = resolveUpstream(url.pathname, upstreams)
      if (!upstream) return respondWithProblem('not_found', 'There is nothing at this address.')
      // Event streams are silent between pings, and an upload may be slow: the timeout is the service's decision.
      server.timeout(request, 0)
      return forwardRequest(request, `${upstream}${url.pathname}${url.search}`)
    },
    error: () => respondWithProblem('malformed', 'The request could not be read.'),
  })
  return {
    port: server.port ?? port,
    stopListening: () => void server.stop(),
    closeConnections: () => server.stop(true),
  }
}

function resolveUpstream(path: string, upstreams: GatewayOptions['upstreams']): string | undefined {
  const service = resolveService(decodePath(path).replace(/[\\/]+/g, '/'))
  if (!service) return undefined
  if (upstreams.ui && service === 'query' && !QUERY_PATHS.test(path)) return upstreams.ui
  return upstreams[service]
}

/** Decodes a path as a service may decode it, so that an encoded operator path (`/%6detrics`) is not forwarded. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

async function forwardRequest(request: Request, target: string): Promise<Response> {
  try {
    const response = await fetch(target, {
      method: request.method,
      headers: dropHopByHopHeaders(request.headers),
      body: request.body,
      // The client, not this proxy, decompresses responses and follows redirects.
      decompress: false,
      redirect: 'manual',
      signal: request.signal,
    })
    // A stream of our own would lose the content length, which clients need to seek in a video or show a download's progress.
    const body = response.headers.has('content-length') ? response.body : suppressReadErrors(response.body)
    return new Response(body, { status: response.status, headers: dropHopByHopHeaders(response.headers) })
  } catch (error) {
    // For example two content lengths, which Bun joins to an invalid one.
    if (isInvalidHeaderError(error)) return respondWithProblem('malformed', 'The request could not be read.')
    return respondWithProblem(
      'unavailable',
      'A part of the studio is starting again. Try again in a moment.',
      RETRY_AFTER,
    )
  }
}

function isInvalidHeaderError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_HTTP_INVALID_HEADER_VALUE'
}

/**
 * Returns a stream of the same bytes that is aborted without a reason when the service breaks off. With the original error Bun
 * would print a stack trace of this file.
 */
function suppressReadErrors(body: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> | null {
  const reader = body?.getReader()
  if (!reader) return null
  return new ReadableStream({
    pull: async controller => {
      const next = await reader.read().catch(() => undefined)
      if (!next) return controller.error()
      if (next.done) return controller.close()
      controller.enqueue(next.value)
    },
    cancel: reason => reader.cancel(reason),
  })
}

function dropHopByHopHeaders(headers: Headers): Headers {
  const endToEndHeaders = new Headers(headers)
  const connectionHeaders = (headers.get('connection') ?? '').split(',').map(name => name.trim())
  for (const name of [...HOP_BY_HOP_HEADERS, ...connectionHeaders])
    if (/^[\w-]+$/.test(name)) endToEndHeaders.delete(name)
  return endToEndHeaders
}

function respondWithProblem(
  code: ProblemError['code'],
  detail: string,
  options?: { retryAfterSeconds: number },
): Response {
  return createProblemResponse(new ProblemError(code, detail, options), Bun.randomUUIDv7())
}
