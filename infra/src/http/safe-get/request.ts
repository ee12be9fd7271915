import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'

/**
 * Sends a GET request to one of the given addresses, without resolving the URL's host name again. Follows no redirect and
 * decompresses nothing.
 *
 * @param addresses of the URL's host; the first that connects is used
 * @returns the response with its body unread; destroy it unless you read it to its end
 * @throws what node:http throws, also when `signal` is aborted, which ends the body, too
 */
export function sendGet(
  url: URL,
  addresses: readonly string[],
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = selectClient(url).request({
    host: getHostname(url),
    port: url.port,
    path: url.pathname + url.search,
    headers: { 'user-agent': 'darkroom', ...headers, host: url.host, 'accept-encoding': 'identity' },
    // A pooled connection may lead to an address that was not checked.
    agent: false,
    lookup: createPinnedLookup(addresses),
  })
  request.on('response', response => {
    // When a body without a length is reset, only the request emits the error, and the response seems to end normally.
    request.on('error', error => response.destroy(error))
    resolve(response)
  })
  request.on('error', reject)
  // A destroyed request and a switch of protocols emit no error.
  request.on('close', () => reject(new Error('connection closed before a response')))
  signal.addEventListener('abort', () => request.destroy(), { once: true })
  request.end()
  return promise
}

/** Returns a URL's host in the form that resolvers take: an IPv6 address without its brackets. */
export function getHostname(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function selectClient(url: URL): typeof http | typeof https {
  return url.protocol === 'https:' ? https : http
}

/** Creates a `lookup` that returns the checked addresses only: the name may resolve to another one by now (DNS rebinding). */
function createPinnedLookup(addresses: readonly string[]): NonNullable<http.RequestOptions['lookup']> {
  const results = addresses.map(address => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    if (options.all) return callback(null, results)
    callback(null, results[0]?.address ?? '', results[0]?.family)
  }
}
