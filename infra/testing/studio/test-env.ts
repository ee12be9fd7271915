import { SERVICES } from '@darkroom/contracts/routes'
import type { ForBusUsers } from '../../local/embedded/nats.ts'
import { NATS_URL_KEYS } from '../../src/config.ts'

/** Returns the settings that every studio under test has, whether the launcher runs it or a test stack. */
export function createTestEnv({ dataDir, port }: { dataDir: string; port: number }): Record<string, string> {
  return { DATA_DIR: dataDir, PORT: String(port), NODE_ENV: 'test', LOG_LEVEL: 'warn' }
}

/** Returns the settings of the bus for all services: each has its own user there, with the permissions of production. */
export function createBusSettings(urls: ForBusUsers): Record<string, string> {
  return Object.fromEntries(SERVICES.map(service => [NATS_URL_KEYS[service], urls[service]]))
}
