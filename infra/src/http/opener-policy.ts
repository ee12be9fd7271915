import type { Config } from '../config.ts'
import { isLoopbackUrl } from './loopback-url.ts'

/**
 * Returns the header by which a document shares no window with pages of other sites. It is left out at an address of plain HTTP other than
 * loopback, where browsers ignore it and report that as an error.
 *
 * @see https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies
 */
export function createOpenerPolicy({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>): Record<string, string> {
  const isTrustworthy = PUBLIC_URL === undefined || PUBLIC_URL.startsWith('https:') || isLoopbackUrl(PUBLIC_URL)
  return isTrustworthy ? { 'cross-origin-opener-policy': 'same-origin' } : {}
}
