import { lookup } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { bodyOf } from './body.ts'
import { createStall } from './idle-timeout.ts'
import { isPublicAddress } from './public-address.ts'
import { hostOf, sendTo } from './request.ts'
import { explain, type Limits, SafeGetError, tooLarge } from './safe-get-error.ts'

export { SafeGetError }

export interface SafeGetOptions {
  /** Longest body accepted; one byte more is an error. */
  maxBytes: number
  /** For everything together: name, redirects, headers and the last byte of the body. */
  deadlineMs: number
  /** Longest silence while an answer or more of the body is waited for; up to the deadline unless said. */
  stallMs?: number
  signal: AbortSignal
  /** Exact origins (`http://host:port`) that may be on a private address or an unusual port. */
  allowOrigins?: readonly string[]
  /** Sent to the first origin and never to another, as they may carry a key. */
  headers?: Readonly<Record<string, string>>
  /** Content types accepted, without their parameters. */
  accept?: RegExp | readonly string[]
  /** Gives every address of a host. */
  resolve?: (hostname: string) => Promise<readonly string[]>
}

export interface SafeResponse {
  status: number
  /** The few headers that say something about the bytes, in lower case. */
  headers: Readonly<Record<string, string>>
  /** As claimed, in lower case and without parameters. Only decoding tells what the bytes are. */
  mimeType: string
  /** As promised and held to; `null` where nothing was promised, and then only decoding tells whether all of it came. */
  contentLength: number | null
  /** Closes once every byte came, else ends in a `SafeGetError` or the signal's reason. Cancel it unless you read it. */
  body: ReadableStream<Uint8Array>
  /** Where it was found, after redirects. */
  url: URL
}

/**
 * The one way to fetch an address that someone else chose. It reaches the open internet only: the addresses that were
 * judged are the ones connected to, anew for each redirect, so that neither a name nor a redirect leads inside. It stands on
 * node:http because Bun's fetch follows redirects to loopback, reads `file:` and ignores `lookup`.
 *
 * @throws SafeGetError, or the signal's reason
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export async function safeGet(address: string | URL, options: SafeGetOptions): Promise<SafeResponse> {
  const stall = createStall(options.stallMs)
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs), stall.signal])
  const call: Call = { ...options, signal, stall, caller: options.signal }
  const url = parse(address)
  try {
    stall.waiting()
    return await follow(url, options.headers ?? {}, MAX_REDIRECTS, call)
  } catch (error) {
    throw explain(error, url, 'network', call)
  } finally {
    stall.over()
  }
}

/** The body piece by piece; it is let go of when nobody wants more. Throws as the body does, or the reason of `signal`. */
export async function* chunksOf(response: SafeResponse, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const reader = response.body.getReader()
  const letGo = () => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', letGo, { once: true })
  if (signal.aborted) letGo()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', letGo)
    letGo()
  }
}

/** The whole body, which `maxBytes` keeps within bounds. Throws as the body does, or the reason of `signal`. */
export async function readAll(response: SafeResponse, signal: AbortSignal): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(chunksOf(response, signal)))
}

const MAX_REDIRECTS = 3
const REDIRECTS = [301, 302, 303, 307, 308]
const PORTS = ['', '80', '443']
const KEPT_HEADERS = ['content-type', 'content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified']

type Call = SafeGetOptions & Limits

async function follow(
  url: URL,
  headers: Readonly<Record<string, string>>,
  redirectsLeft: number,
  call: Call,
): Promise<SafeResponse> {
  const response = await sendTo(url, await judgedAddresses(url, call), headers, call.signal)
  try {
    const target = redirectTarget(url, response)
    if (target === null) return accept(url, response, call)
    response.destroy()
    if (redirectsLeft === 0) throw new SafeGetError('too-many-redirects', `${url.host} redirects too often.`)
    return await follow(target, target.origin === url.origin ? headers : {}, redirectsLeft - 1, call)
  } catch (error) {
    response.destroy()
    throw error
  }
}

/** Where a URL may be fetched from. One private answer among public ones condemns the whole name. */
async function judgedAddresses(url: URL, call: Call): Promise<readonly string[]> {
  const allowed = call.allowOrigins?.includes(url.origin) ?? false
  judgeUrl(url, allowed)
  const addresses = await addressesOf(hostOf(url), call)
  if (addresses.length === 0) throw new SafeGetError('network', `${url.host} has no address.`)
  if (allowed || addresses.every(isPublicAddress)) return addresses
  throw new SafeGetError('blocked-address', `${url.host} is not on the public internet, so it is not fetched.`)
}

function judgeUrl(url: URL, allowed: boolean): void {
  if (!['http:', 'https:'].includes(url.protocol)) {
    throw new SafeGetError('bad-scheme', 'Only http and https addresses can be fetched.')
  }
  if (url.username || url.password)
    throw new SafeGetError('userinfo', 'An address must not carry a name or a password.')
  if (!allowed && !PORTS.includes(url.port)) {
    throw new SafeGetError('bad-port', `Port ${url.port} cannot be fetched from, only 80 and 443.`)
  }
}

async function addressesOf(host: string, call: Call): Promise<readonly string[]> {
  if (isIP(host)) return [host]
  const { promise: ended, reject } = Promise.withResolvers<never>()
  // A name server that never answers cannot be interrupted, only left waiting.
  call.signal.addEventListener('abort', () => reject(call.signal.reason), { once: true })
  return await Promise.race([(call.resolve ?? resolveName)(host), ended])
}

async function resolveName(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

function redirectTarget(url: URL, { statusCode, headers: { location } }: IncomingMessage): URL | null {
  if (!REDIRECTS.includes(statusCode ?? 0) || location === undefined) return null
  return parse(location, url)
}

function parse(address: string | URL, base?: URL): URL {
  const url = URL.parse(String(address), base?.href)
  if (url === null) throw new SafeGetError('bad-url', 'That is not an address that can be fetched.')
  return url
}

function accept(url: URL, response: IncomingMessage, call: Call): SafeResponse {
  const headers = keptHeaders(response)
  const mimeType = headers['content-type']?.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream'
  const contentLength = headers['content-length'] === undefined ? null : Number(headers['content-length'])
  const status = response.statusCode ?? 0
  if (status < 200 || status > 299) throw new SafeGetError('status', `${url.host} answered ${status}.`, { status })
  if (isEncoded(response)) throw new SafeGetError('encoding', `${url.host} sent a compressed answer unasked.`)
  if (!isAccepted(mimeType, call.accept)) throw new SafeGetError('wrong-type', `${url.host} sent another type of file.`)
  if ((contentLength ?? 0) > call.maxBytes) throw tooLarge(url, call)
  return { status, headers, mimeType, contentLength, body: bodyOf(url, response, call), url }
}

function keptHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(KEPT_HEADERS.flatMap(name => (headers[name] ? [[name, String(headers[name])]] : [])))
}

function isEncoded({ headers }: IncomingMessage): boolean {
  const encodings = [headers['content-encoding'] ?? 'identity', headers['transfer-encoding'] ?? 'chunked']
  return encodings.join().toLowerCase() !== 'identity,chunked'
}

function isAccepted(mimeType: string, accept: SafeGetOptions['accept']): boolean {
  if (accept === undefined) return true
  return accept instanceof RegExp ? accept.test(mimeType) : accept.includes(mimeType)
}
