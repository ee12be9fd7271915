import { resolveService } from '@darkroom/contracts/routes'
import { createProblemResponse, ProblemError } from '../../src/http/problem.ts'

export interface GatewayOptions {
  port: number
  host: string
  /** Where each service listens, without a slash at the end. `ui`, if given, gets what is neither API nor media: Vite. */
  upstreams: { ingest: string; query: string; ui?: string }
  /** How long a connection may be silent before it has asked for anything, in seconds. */
  idleTimeoutSeconds?: number
}

export interface Gateway {
  port: number
  /** Takes no more connections. What is under way goes on. */
  stopListening(): void
  /** Ends what is still under way, streams above all. */
  closeConnections(): Promise<void>
}

/** Headers that are about one connection. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
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
 * The studio's one address: hands each request on to the service that answers for its path, and the answer back, byte for
 * byte as they come. Limits on bodies and the check of Host and Origin are the services' own.
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
      // Event streams are silent between their pings, and an upload may be slow: how long is too long, the service decides.
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

/** As a service may read it: an operator's path must not get through in disguise. */
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
      // What the service compressed stays compressed, where it sends people they go: this is not the reader.
      decompress: false,
      redirect: 'manual',
      signal: request.signal,
    })
    // A stream of our own has no length, and whoever seeks in a video or waits for a download wants to know it.
    const body = response.headers.has('content-length') ? response.body : suppressReadErrors(response.body)
    return new Response(body, { status: response.status, headers: dropHopByHopHeaders(response.headers) })
  } catch (error) {
    // Two lengths, say, which arrive here as one that is none.
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

/** The same bytes. A service that dies in the middle breaks off the answer, as it must; Bun would print where in our code. */
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
