import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'

/**
 * Sends a GET to exactly the addresses given, whatever the URL's name means to anyone else, and follows nothing. The answer's
 * bytes come as they were sent, never decompressed.
 *
 * @param addresses of the URL's host; the first that connects is used
 * @returns the answer with its body unread; destroy it unless you read it to its end
 * @throws as node:http does, and when `signal` is aborted, which also ends the body
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
    // A pooled connection may lead to where nobody has looked.
    agent: false,
    lookup: createPinnedLookup(addresses),
  })
  request.on('response', response => {
    // A reset of a body without a length is told to the request alone, while the body seems to end well.
    request.on('error', error => response.destroy(error))
    resolve(response)
  })
  request.on('error', reject)
  // Some ways to end raise no error: a destroyed request, a switch of protocols.
  request.on('close', () => reject(new Error('The connection was closed before an answer.')))
  signal.addEventListener('abort', () => request.destroy(), { once: true })
  request.end()
  return promise
}

/** The host as a resolver wants it: an IPv6 address without its brackets. */
export function getHostname(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function selectClient(url: URL): typeof http | typeof https {
  return url.protocol === 'https:' ? https : http
}

/** A `lookup` that knows only these, so that a name cannot change its mind between being judged and being connected to. */
function createPinnedLookup(addresses: readonly string[]): NonNullable<http.RequestOptions['lookup']> {
  const results = addresses.map(address => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    if (options.all) return callback(null, results)
    callback(null, results[0]?.address ?? '', results[0]?.family)
  }
}
