import { READINESS_ROUTE, resolveService } from '@darkroom/contracts/routes'
import { readErrorCode } from '../../runtime/error-code.ts'
import { IDLE_SECONDS } from '../app.ts'
import { CLIENT_HEADER, FORWARDING_HEADERS, shortenAddress } from '../client-address.ts'
import { decodePercent } from '../decode-percent.ts'
import { forwardStream, type OnWaiting } from '../forward-stream.ts'
import { leaveLengthOpen } from '../head-length.ts'
import {
  respondAway,
  respondBusy,
  respondMalformed,
  respondNotFound,
  respondStopping,
  respondTooLarge,
} from './gateway-responses.ts'
import { countMaxRequests, createRequestSlots } from './request-slots.ts'

/** Handles a request in this process. */
export type Handle = (request: Request) => Response | Promise<Response>

export interface Upstreams {
  /** Base URL of ingest, without a trailing slash. */
  ingest: string
  /** Base URL of query, or query itself where it runs in this process. */
  query: string | Handle
  /** Base URL of Vite, which gets every path that is neither API nor media. */
  ui?: string
}

export interface GatewayOptions {
  port: number
  host: string
  upstreams: Upstreams
  /** Whether another process of the same user may listen at the same address, while one takes over from the other. */
  isShared?: boolean
  /** Secret by which the services believe the gateway about the address of a client. Absent: none is named. */
  secret?: string
  /** Requests under way at most, of which a client has half; as `countMaxRequests` returns without settings unless given. */
  maxRequests?: number
  /** Headers of the page that says that a service is away. */
  documentHeaders?: Record<string, string>
  /** Time that a connection may stay open without a request, in seconds; `IDLE_SECONDS` unless given. Bun looks every four seconds. */
  idleTimeoutSeconds?: number
  /** Time for which a client may read nothing of a stream although there is something to read, in seconds. */
  stallSeconds?: number
}

export interface Gateway {
  port: number
  /** Refuses what goes to ingest from now on, because the studio stops. The rest is still forwarded. */
  refuseChanges(): void
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
const MIN_ORIGIN_CHARACTERS = 11
const QUERY_PATHS = /^\/(api|media|openapi)(\/|$)|^\/openapi\.json$/

/**
 * Starts the reverse proxy at the studio's one address. It forwards each request to the service of its path, and streams request
 * and response bodies unchanged. The services themselves limit bodies and check Host and Origin. Query may be in the same process: its
 * requests are forwarded nowhere, so that they take no longer than at its own port.
 *
 * @throws Error with code EADDRINUSE if the port is taken
 */
export function startGateway(options: GatewayOptions): Gateway {
  const { port, host, upstreams, secret, documentHeaders = {}, maxRequests = countMaxRequests({}) } = options
  const { idleTimeoutSeconds = IDLE_SECONDS, stallSeconds = 60 } = options
  const slots = createRequestSlots(maxRequests)
  const timeouts = { source: 0, client: stallSeconds, nothing: idleTimeoutSeconds }
  let isStopping = false
  const server = Bun.serve({
    port,
    hostname: host,
    reusePort: options.isShared ?? false,
    idleTimeout: idleTimeoutSeconds,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request, server) => {
      const url = new URL(request.url)
      const route = resolveRoute(url.pathname, upstreams)
      if (!route) return respondNotFound()
      if (isStopping && route.service === 'ingest') return respondStopping()
      const { upstream } = route
      if (typeof upstream === 'function')
        return upstream(route.path === url.pathname ? normalizeUrl(request, url) : redirectTo(request, route.path))
      // Event streams are silent between pings, and an upload may be slow: the timeout is the service's decision.
      server.timeout(request, 0)
      // It lasts as long as the connection, so it is set again at the end of each response.
      const onWaiting: OnWaiting = waitingFor => server.timeout(request, timeouts[waitingFor])
      const address = server.requestIP(request)?.address ?? ''
      const slot = slots.take(shortenAddress(address))
      if (typeof slot === 'string') return respondBusy(slot)
      const client = secret && `${secret} ${address}`
      const target = {
        service: route.service,
        url: `${upstream}${route.path}${url.search}`,
        client,
        documentHeaders,
        release: slot,
      }
      return forwardRequest(request, target, onWaiting)
    },
    error: () => respondMalformed(),
  })
  return {
    port: server.port ?? port,
    refuseChanges: () => {
      isStopping = true
    },
    stopListening: () => void server.stop(),
    closeConnections: () => server.stop(true),
  }
}

interface Route {
  service: 'ingest' | 'query'
  /** Base URL that the request is forwarded to, or what handles it in this process. */
  upstream: string | Handle
  path: string
}

function resolveRoute(path: string, upstreams: Upstreams): Route | undefined {
  if (path === READINESS_ROUTE.path) {
    return { service: 'query', upstream: upstreams.query, path: READINESS_ROUTE.target }
  }
  // As a service may decode it, so that an encoded operator path (`/%6detrics`) is not forwarded.
  const service = resolveService(decodePercent(path).replace(/[\\/]+/g, '/'))
  if (!service) return undefined
  const isUi = service === 'query' && !QUERY_PATHS.test(path)
  return { service, upstream: (isUi && upstreams.ui) || upstreams[service], path }
}

/** Returns the same request, without a body, for another path. */
/**
 * Returns a request whose path everyone finds: Elysia looks for it behind the eleventh character of the URL. A shorter host, or a target
 * that is a whole URL, would lead it to another path than the one that was resolved here.
 */
function normalizeUrl(request: Request, { pathname, search }: URL): Request {
  const start = request.url.indexOf('/', MIN_ORIGIN_CHARACTERS)
  if (start >= 0 && request.url.slice(start) === pathname + search) return request
  return new Request(`http://studio.internal${pathname}${search}`, request)
}

function redirectTo(request: Request, path: string): Request {
  return new Request(new URL(path, request.url).href, {
    method: request.method,
    headers: request.headers,
    signal: request.signal,
  })
}

/** The service that a request is forwarded to, and what it is told. */
interface Target extends Pick<Route, 'service'> {
  url: string
  /** The secret and the address of the client. */
  client: string | undefined
  documentHeaders: Record<string, string>
  /** Gives the slot of the request back. */
  release: () => void
}

async function forwardRequest(request: Request, target: Target, onWaiting: OnWaiting): Promise<Response> {
  request.signal.addEventListener('abort', target.release, { once: true })
  try {
    const response = await fetch(target.url, {
      method: request.method,
      headers: createRequestHeaders(request.headers, target.client),
      body: request.body,
      // The client, not this proxy, decompresses responses and follows redirects.
      decompress: false,
      redirect: 'manual',
      signal: request.signal,
    })
    // Bun keeps the content length of what has arrived at once, and of nothing else.
    if (!response.body) {
      onWaiting('nothing')
      target.release()
    }
    if (response.status === 413 && !response.headers.has('content-type')) return respondTooLarge()
    const body = response.body && forwardStream(response.body, onWaiting, target.release)
    const forwarded = new Response(body, { status: response.status, headers: dropHopByHopHeaders(response.headers) })
    if (request.method === 'HEAD') leaveLengthOpen(forwarded)
    return forwarded
  } catch (error) {
    onWaiting('nothing')
    target.release()
    // For example two content lengths, which Bun joins to an invalid one.
    if (isInvalidHeaderError(error)) return respondMalformed()
    return respondAway(target.service, request, target.documentHeaders)
  }
}

/** Returns the headers that a service gets. Only the gateway names the address of a client. */
function createRequestHeaders(headers: Headers, client: string | undefined): Headers {
  const forwarded = dropHopByHopHeaders(headers)
  // The gateway has already let the client send its body.
  for (const name of [...FORWARDING_HEADERS, 'expect']) forwarded.delete(name)
  if (client) forwarded.set(CLIENT_HEADER, client)
  return forwarded
}

function isInvalidHeaderError(error: unknown): boolean {
  return error instanceof TypeError && readErrorCode(error) === 'ERR_HTTP_INVALID_HEADER_VALUE'
}

function dropHopByHopHeaders(headers: Headers): Headers {
  const endToEndHeaders = new Headers(headers)
  const connectionHeaders = (headers.get('connection') ?? '').split(',').map(name => name.trim())
  for (const name of [...HOP_BY_HOP_HEADERS, ...connectionHeaders])
    if (/^[\w-]+$/.test(name)) endToEndHeaders.delete(name)
  return endToEndHeaders
}
