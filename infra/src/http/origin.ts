import type { Config } from '../config.ts'
import { ProblemError } from './problem.ts'

const FOREIGN_SITE = 'Requests from another site are not taken.'

export type OriginConfig = Pick<Config, 'PUBLIC_URL' | 'PORT'>

/**
 * Creates the check that a request is meant for this studio. Its Host must be the studio's public address, against DNS
 * rebinding; and so must its Origin if it has one, against cross-site requests. A browser that names the site of the requesting page
 * must name this one, unless the user follows a link to a page or a file.
 *
 * @param moreHosts other values of Host that are accepted
 * @returns a check that throws ProblemError `forbidden`
 */
export function createOriginCheck(config: OriginConfig, moreHosts: readonly string[] = []): (request: Request) => void {
  const origins = new Set(allowedOrigins(config))
  const hosts = new Set([...[...origins].map(origin => new URL(origin).host), ...moreHosts])
  return request => {
    const host = request.headers.get('host') ?? URL.parse(request.url)?.host ?? ''
    if (!hosts.has(host.toLowerCase())) {
      throw new ProblemError('forbidden', 'This studio is not known by that address. Its owner can set PUBLIC_URL.')
    }
    const origin = request.headers.get('origin')
    if (origin !== null && !origins.has(origin)) throw new ProblemError('forbidden', FOREIGN_SITE)
    if (isForeignSite(request) && !isNavigation(request)) throw new ProblemError('forbidden', FOREIGN_SITE)
  }
}

/** Returns whether a browser reports that another site requests this. @see https://www.w3.org/TR/fetch-metadata/ */
function isForeignSite({ headers }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  return site !== null && site !== 'same-origin' && site !== 'none'
}

/** Returns whether a user opens something in a tab by a link. The API is not for that. */
function isNavigation({ method, headers, url }: Request): boolean {
  if (method !== 'GET' || headers.get('sec-fetch-mode') !== 'navigate') return false
  const pathname = URL.parse(url)?.pathname ?? ''
  return headers.get('sec-fetch-dest') === 'document' && !/^\/+api(\/|$)/i.test(pathname)
}

function allowedOrigins(config: OriginConfig): string[] {
  if (config.PUBLIC_URL) return [new URL(config.PUBLIC_URL).origin]
  return ['localhost', '127.0.0.1', '[::1]'].map(host => new URL(`http://${host}:${config.PORT}`).origin)
}
