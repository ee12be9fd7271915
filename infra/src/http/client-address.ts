import { matchesSecret } from './admin-access.ts'

/** Header by which the gateway names the address of a client: its secret, a space and the address. */
export const CLIENT_HEADER = 'x-darkroom-client'

/** Headers that name the address of a client. The gateway forwards none that a client has sent. */
export const FORWARDING_HEADERS = [
  CLIENT_HEADER,
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const

type Server = Pick<Bun.Server<unknown>, 'requestIP'>

/**
 * Creates the function that finds the address of a request's client. Only the gateway is believed about it, by a secret that it shares
 * with the services; any other request comes from the other end of its connection.
 *
 * @returns an IPv4 address, or the first half of an IPv6 address: a client has all the addresses of its network
 */
export function createClientAddress(secret: string | undefined): (request: Request, server: Server | null) => string {
  return (request, server) => {
    const [given = '', address] = (request.headers.get(CLIENT_HEADER) ?? '').split(' ')
    const isGateway = secret !== undefined && address !== undefined && matchesSecret(given, secret)
    return shortenAddress(isGateway ? address : (server?.requestIP(request)?.address ?? ''))
  }
}

/** Returns what a client is recognised by: an IPv4 address, or the first half of an IPv6 address. */
export function shortenAddress(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped) return mapped
  const [head = '', tail = ''] = address.split('::')
  const groups = (text: string) => text.split(':').filter(group => group !== '')
  const missing = Math.max(0, 8 - groups(head).length - groups(tail).length)
  return [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)].slice(0, 4).join(':')
}
