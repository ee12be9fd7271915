import { lookup } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { readStream } from '../../runtime/read-stream.ts'
import { createBodyStream } from './body.ts'
import { createIdleTimeout } from './idle-timeout.ts'
import { isPublicAddress } from './public-address.ts'
import { getHostname, sendGet } from './request.ts'
import { createTooLargeError, type FetchLimits, SafeGetError, toSafeGetError } from './safe-get-error.ts'

export { SafeGetError }

export interface SafeGetOptions {
  /** Longest accepted body; one byte more is an error. */
  maxBytes: number
  /** Time limit of the whole fetch, from name resolution and redirects to the last byte of the body. */
  deadlineMs: number
  /** Longest wait for the response or the next chunk of the body; up to the deadline when absent. */
  idleTimeoutMs?: number
  signal: AbortSignal
  /** Exact origins (`http://host:port`) that may have a private address or another port than 80 and 443. */
  allowOrigins?: readonly string[]
  /** Sent to the first origin only, as they may contain a key. */
  headers?: Readonly<Record<string, string>>
  /** The part that is requested. It is sent to every origin: there is nothing secret in it. */
  range?: RequestedRange
  /** Accepted content types, without their parameters. */
  accept?: RegExp | readonly string[]
  /** Returns every address of a host; the system's resolver when absent. */
  resolve?: (hostname: string) => Promise<readonly string[]>
}

/** The headers by which a part is requested. */
export type RequestedRange = Readonly<{ range: string; 'if-range'?: string }>

export interface SafeResponse {
  status: number
  /** The headers that describe the bytes, by names in lower case. */
  headers: Readonly<Record<string, string>>
  /** The content type that the server claims, in lower case and without parameters. Only decoding proves it. */
  mimeType: string
  /** The announced length, which is enforced; `null` when there is none, and then only decoding reveals a truncation. */
  contentLength: number | null
  /** Closes once every byte has arrived, else fails with a `SafeGetError` or the signal's reason. Cancel it unless you read it. */
  body: ReadableStream<Uint8Array>
  /** The final URL, after redirects. */
  url: URL
}

/**
 * Fetches a URL that someone else chose. Reaches the public internet only: the addresses of the host are resolved and checked
 * once per redirect, and exactly those are connected to, so that neither a name nor a redirect leads to a private address. Uses
 * node:http because Bun's fetch follows redirects to loopback, reads `file:` and ignores `lookup`.
 *
 * @throws SafeGetError, or the signal's reason
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export async function safeGet(address: string | URL, options: SafeGetOptions): Promise<SafeResponse> {
  const idleTimeout = createIdleTimeout(options.idleTimeoutMs)
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs), idleTimeout.signal])
  const context: FetchContext = { ...options, signal, idleTimeout, callerSignal: options.signal }
  const url = parseUrl(address)
  try {
    idleTimeout.start()
    return await fetchFollowingRedirects(url, options.headers ?? {}, MAX_REDIRECTS, context)
  } catch (error) {
    throw toSafeGetError(error, url, 'network', context)
  } finally {
    idleTimeout.stop()
  }
}

/**
 * Yields the chunks of a response's body, and cancels it when the loop ends.
 *
 * @throws what the body throws, or the reason of `signal`
 */
export function readChunks(response: SafeResponse, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  return readStream(response.body, signal)
}

/**
 * Reads the whole body, whose size `maxBytes` limits.
 *
 * @throws what the body throws, or the reason of `signal`
 */
export async function readAll(response: SafeResponse, signal: AbortSignal): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(readChunks(response, signal)))
}

const MAX_REDIRECTS = 3
const REDIRECT_STATUSES = [301, 302, 303, 307, 308]
const ALLOWED_PORTS = ['', '80', '443']
const EXPOSED_HEADERS = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified']

type FetchContext = SafeGetOptions & FetchLimits

async function fetchFollowingRedirects(
  url: URL,
  headers: Readonly<Record<string, string>>,
  redirectsLeft: number,
  context: FetchContext,
): Promise<SafeResponse> {
  const addresses = await resolveAllowedAddresses(url, context)
  const response = await sendGet(url, addresses, { ...headers, ...context.range }, context.signal)
  try {
    const target = getRedirectTarget(url, response)
    if (target === null) return accept(url, response, context)
    response.destroy()
    if (redirectsLeft === 0) throw new SafeGetError('too-many-redirects', `${url.host} redirects too often.`)
    return await fetchFollowingRedirects(
      target,
      target.origin === url.origin ? headers : {},
      redirectsLeft - 1,
      context,
    )
  } catch (error) {
    response.destroy()
    throw error
  }
}

/**
 * Resolves the addresses that a URL may be fetched from. A single private address among public ones blocks the whole name.
 *
 * @throws SafeGetError
 */
async function resolveAllowedAddresses(url: URL, context: FetchContext): Promise<readonly string[]> {
  const isAllowedOrigin = context.allowOrigins?.includes(url.origin) ?? false
  validateUrl(url, isAllowedOrigin)
  const addresses = await resolveAddresses(getHostname(url), context)
  if (addresses.length === 0) throw new SafeGetError('network', `${url.host} has no address.`)
  if (isAllowedOrigin || addresses.every(isPublicAddress)) return addresses
  throw new SafeGetError('blocked-address', `${url.host} is not on the public internet, so it is not fetched.`)
}

function validateUrl(url: URL, isAllowedOrigin: boolean): void {
  if (!['http:', 'https:'].includes(url.protocol)) {
    throw new SafeGetError('bad-scheme', 'Only http and https addresses can be fetched.')
  }
  if (url.username || url.password)
    throw new SafeGetError('userinfo', 'An address must not carry a name or a password.')
  if (!isAllowedOrigin && !ALLOWED_PORTS.includes(url.port)) {
    throw new SafeGetError('bad-port', `Port ${url.port} cannot be fetched from, only 80 and 443.`)
  }
}

async function resolveAddresses(host: string, context: FetchContext): Promise<readonly string[]> {
  if (isIP(host)) return [host]
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  // A pending name resolution cannot be cancelled, only abandoned.
  context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true })
  return await Promise.race([(context.resolve ?? lookupHostname)(host), aborted])
}

async function lookupHostname(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

function getRedirectTarget(url: URL, { statusCode, headers: { location } }: IncomingMessage): URL | null {
  if (!REDIRECT_STATUSES.includes(statusCode ?? 0) || location === undefined) return null
  return parseUrl(location, url)
}

function parseUrl(address: string | URL, base?: URL): URL {
  const url = URL.parse(String(address), base?.href)
  if (url === null) throw new SafeGetError('bad-url', 'That is not an address that can be fetched.')
  return url
}

function accept(url: URL, response: IncomingMessage, context: FetchContext): SafeResponse {
  const headers = pickHeaders(response)
  const mimeType = headers['content-type']?.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream'
  const contentLength = headers['content-length'] === undefined ? null : Number(headers['content-length'])
  const status = response.statusCode ?? 0
  if (status < 200 || status > 299)
    throw new SafeGetError('status', `${url.host} answered ${status}.`, { status, headers })
  if (isEncoded(response)) throw new SafeGetError('encoding', `${url.host} sent a compressed answer unasked.`)
  if (!isAccepted(mimeType, context.accept))
    throw new SafeGetError('wrong-type', `${url.host} sent another type of file.`)
  if ((contentLength ?? 0) > context.maxBytes) throw createTooLargeError(url, context)
  return { status, headers, mimeType, contentLength, body: createBodyStream(url, response, context), url }
}

function pickHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(EXPOSED_HEADERS.flatMap(name => (headers[name] ? [[name, String(headers[name])]] : [])))
}

function isEncoded({ headers }: IncomingMessage): boolean {
  const encodings = [headers['content-encoding'] ?? 'identity', headers['transfer-encoding'] ?? 'chunked']
  return encodings.join().toLowerCase() !== 'identity,chunked'
}

function isAccepted(mimeType: string, accept: SafeGetOptions['accept']): boolean {
  if (accept === undefined) return true
  return accept instanceof RegExp ? accept.test(mimeType) : accept.includes(mimeType)
}
