import type { Config } from '../config.ts'
import { ProblemError } from './problem.ts'

/**
 * Creates the check that a request is meant for this studio. Its Host must be the studio's public address, against DNS
 * rebinding; and so must its Origin if it has one, against cross-site requests.
 *
 * @returns a check that throws ProblemError `forbidden`
 */
export function createOriginCheck(config: Pick<Config, 'PUBLIC_URL' | 'PORT'>): (request: Request) => void {
  const origins = new Set(allowedOrigins(config))
  const hosts = new Set([...origins].map(origin => new URL(origin).host))
  return request => {
    const host = request.headers.get('host') ?? URL.parse(request.url)?.host ?? ''
    if (!hosts.has(host.toLowerCase())) {
      throw new ProblemError('forbidden', 'This studio is not known by that address. Its owner can set PUBLIC_URL.')
    }
    const origin = request.headers.get('origin')
    if (origin !== null && !origins.has(origin)) {
      throw new ProblemError('forbidden', 'Requests from another site are not taken.')
    }
  }
}

function allowedOrigins(config: Pick<Config, 'PUBLIC_URL' | 'PORT'>): string[] {
  if (config.PUBLIC_URL) return [new URL(config.PUBLIC_URL).origin]
  return ['localhost', '127.0.0.1', '[::1]'].map(host => new URL(`http://${host}:${config.PORT}`).origin)
}
