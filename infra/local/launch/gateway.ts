import { serviceFor } from '@darkroom/contracts/routes'
import { ProblemError, problemResponse } from '../../src/http/problem.ts'

export interface GatewayOptions {
  port: number
  host: string
  /** Where each service listens, without a slash at the end. `ui`, if given, gets what is neither API nor media: Vite. */
  upstreams: { ingest: string; query: string; ui?: string }
  /** How long a connection may be silent before it has asked for anything, in seconds. */
  idleSeconds?: number
}

export interface Gateway {
  port: number
  /** Takes no more connections. What is under way goes on. */
  close(): void
  /** Ends what is still under way, streams above all. */
  cut(): Promise<void>
}

/** Headers that are about one connection. @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const HOP_BY_HOP = [
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
const SERVED_BY_QUERY = /^\/(api|media)(\/|$)|^\/openapi\.json$/
const DOWN = { retryAfterSeconds: 1 }

/**
 * The studio's one address: hands each request on to the service that answers for its path, and the answer back, byte for
 * byte as they come. Limits on bodies and the check of Host and Origin are the services' own.
 *
 * @throws Error with code EADDRINUSE if the port is taken
 */
export function startGateway({ port, host, upstreams, idleSeconds = 10 }: GatewayOptions): Gateway {
  const server = Bun.serve({
    port,
    hostname: host,
    idleTimeout: idleSeconds,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request, server) => {
      const url = new URL(request.url)
      const upstream = upstreamFor(url.pathname, upstreams)
      if (!upstream) return problem('not_found', 'There is nothing at this address.')
      // Event streams are silent between their pings, and an upload may be slow: how long is too long, the service decides.
      server.timeout(request, 0)
      return forward(request, `${upstream}${url.pathname}${url.search}`)
    },
    error: () => problem('malformed', 'The request could not be read.'),
  })
  return {
    port: server.port ?? port,
    close: () => void server.stop(),
    cut: () => server.stop(true),
  }
}

function upstreamFor(path: string, upstreams: GatewayOptions['upstreams']): string | undefined {
  const service = serviceFor(decoded(path).replace(/[\\/]+/g, '/'))
  if (!service) return undefined
  if (upstreams.ui && service === 'query' && !SERVED_BY_QUERY.test(path)) return upstreams.ui
  return upstreams[service]
}

/** As a service may read it: an operator's path must not get through in disguise. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

async function forward(request: Request, target: string): Promise<Response> {
  try {
    const answer = await fetch(target, {
      method: request.method,
      headers: endToEnd(request.headers),
      body: request.body,
      // What the service compressed stays compressed, where it sends people they go: this is not the reader.
      decompress: false,
      redirect: 'manual',
      signal: request.signal,
    })
    // A stream of our own has no length, and whoever seeks in a video or waits for a download wants to know it.
    const body = answer.headers.has('content-length') ? answer.body : quiet(answer.body)
    return new Response(body, { status: answer.status, headers: endToEnd(answer.headers) })
  } catch (error) {
    // Two lengths, say, which arrive here as one that is none.
    if (isUnsayable(error)) return problem('malformed', 'The request could not be read.')
    return problem('unavailable', 'A part of the studio is starting again. Try again in a moment.', DOWN)
  }
}

function isUnsayable(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_HTTP_INVALID_HEADER_VALUE'
}

/** The same bytes. A service that dies in the middle breaks off the answer, as it must; Bun would print where in our code. */
function quiet(body: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> | null {
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

function endToEnd(headers: Headers): Headers {
  const kept = new Headers(headers)
  const named = (headers.get('connection') ?? '').split(',').map(name => name.trim())
  for (const name of [...HOP_BY_HOP, ...named]) if (/^[\w-]+$/.test(name)) kept.delete(name)
  return kept
}

function problem(code: ProblemError['code'], detail: string, options?: { retryAfterSeconds: number }): Response {
  return problemResponse(new ProblemError(code, detail, options), Bun.randomUUIDv7())
}
