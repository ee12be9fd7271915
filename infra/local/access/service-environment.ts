import type { Service } from '@darkroom/contracts/routes'
import { formatAdminVerifier } from '../../src/http/admin-verifier.ts'
import { selectPartEnvironment } from '../../src/part-environment.ts'
import { fileKey } from '../../src/secret-files.ts'
import type { ForBusUsers } from '../embedded/nats.ts'
import { toBusSettings } from '../launch/bus-urls.ts'

export interface ServiceEnvironmentOptions {
  /** Environment of the launcher. */
  env: Record<string, string>
  /** Settings that the launcher decides for all services. */
  settings: Record<string, string>
  /** URL of the database for each service. */
  databaseUrls: Record<Service, string>
  /** URL of the bus for each of its users. */
  busUrls: ForBusUsers
  /** Secret of administrators. Ingest knows it; query recognizes it only. */
  adminSecret: string
  /** Additional variables that every service is given: of a test's own services. */
  extraVariables?: readonly string[] | undefined
}

/**
 * Variables by which Bun wakes less often. Its allocator has a thread that returns memory to the system; it is woken each time that the
 * process goes to sleep, which is half of all wake-ups of an idle studio. Without it the process returns the memory itself before it
 * sleeps, which a request for a page would wait for: 1 ms at the 99th percentile. So query has the thread.
 *
 * @see https://github.com/oven-sh/bun/pull/34181
 */
const IDLE_VARIABLES: Readonly<Record<Service, Record<string, string>>> = {
  ingest: { MIMALLOC_SCAVENGER: '0' },
  processor: { MIMALLOC_SCAVENGER: '0' },
  query: {},
}

/** Builds the environment of a service: the settings that it reads, and no secret of another part. */
export function buildServiceEnvironment(service: Service, options: ServiceEnvironmentOptions): Record<string, string> {
  const { env, settings, adminSecret, extraVariables = [] } = options
  const own = {
    DATABASE_URL: options.databaseUrls[service],
    ...toBusSettings(options.busUrls, service),
    INTERNAL_API_SECRET: adminSecret,
    ADMIN_VERIFIER: formatAdminVerifier(adminSecret),
  }
  const files = Object.keys(own).map(key => [fileKey(key), undefined])
  const extra = extraVariables.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]]))
  return {
    ...selectPartEnvironment(service, { ...env, ...settings, ...own, ...Object.fromEntries(files) }),
    ...IDLE_VARIABLES[service],
    ...Object.fromEntries(extra),
  }
}
