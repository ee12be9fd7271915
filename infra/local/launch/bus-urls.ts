import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { type Config, ConfigError, NATS_URL_KEYS } from '../../src/config.ts'
import type { ForBusUsers } from '../embedded/nats.ts'

/** Shown when an external bus has one user for all services. */
export const SHARED_BUS_USER_WARNING =
  'NATS_URL is one user for all services, so each may do everything on that bus. README.md, "On a server", says how each gets its own.'

/**
 * Returns the URL of each service, and of the commands, on the bus that the settings name; undefined if they name none.
 *
 * @throws ConfigError if they name one for some services only
 */
export function readBusUrls(config: Config): ForBusUsers | undefined {
  const urls = SERVICES.map(service => [service, config[NATS_URL_KEYS[service]] ?? config.NATS_URL] as const)
  if (urls.every(([, url]) => url === undefined)) return undefined
  const missing = urls.flatMap(([service, url]) => (url === undefined ? NATS_URL_KEYS[service] : []))
  if (missing.length > 0) throw new ConfigError(missing.map(key => `${key}: is needed as well, or NATS_URL`).join('\n'))
  const { ingest = '', processor = '', query = '' } = Object.fromEntries(urls)
  return { admin: config.NATS_URL ?? ingest, ingest, processor, query }
}

/** Returns whether some services share a user of the bus. */
export function isBusUserShared(urls: ForBusUsers): boolean {
  return new Set(SERVICES.map(service => urls[service])).size < SERVICES.length
}

/** Returns the settings by which a service finds the bus: those of its own user, and of no other. */
export function toBusSettings(urls: ForBusUsers, service: Service): Record<string, string> {
  return { ...Object.fromEntries(Object.values(NATS_URL_KEYS).map(key => [key, ''])), NATS_URL: urls[service] }
}
