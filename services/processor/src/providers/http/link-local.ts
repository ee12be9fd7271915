import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isLinkLocalAddress } from '@darkroom/infra/connections/link-local'
import { untilAborted } from '@darkroom/infra/runtime/timers'
import { ProviderError } from '../adapter.ts'
import type { HttpClient } from './http-client.ts'

/**
 * Asserts that a URL does not lead to a link-local address: that is where clouds give out the credentials of a machine. Other
 * private addresses are allowed, because they are where a user's own servers are. A host that cannot be resolved is left to the
 * request itself, which may go through a proxy.
 *
 * @throws ProviderError
 */
export async function assertNotLinkLocal(
  { hostname }: URL,
  { resolve = resolveHost }: Pick<HttpClient, 'resolve'>,
  signal: AbortSignal,
): Promise<void> {
  const literal = hostname.replace(/^\[|\]$/g, '')
  const addresses = isIP(literal) ? [literal] : await untilAborted(resolve(hostname), signal).catch(() => [])
  if (!addresses.some(isLinkLocalAddress)) return
  throw new ProviderError('provider_refused', {
    message:
      'The address of the connection is a link-local one, to which nothing is sent. Change it in Settings, Connections.',
    failure: 'permanent',
  })
}

async function resolveHost(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address)
}
