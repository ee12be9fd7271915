import type { Config } from '../config.ts'
import { ProblemError } from './problem.ts'

/**
 * Judges whether a request was meant for this studio: its Host must be the address people use, and so must its Origin if it
 * has one. The first stops a foreign name that resolves to this machine, the second a foreign page that posts here.
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
