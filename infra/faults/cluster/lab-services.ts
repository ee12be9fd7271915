import { join } from 'node:path'
import { SERVICES, type Service } from '@darkroom/contracts/routes'
import { type FaultService, startFaultService } from '../../testing/studio/fault-service.ts'
import { waitFor } from '../../testing/wait-for.ts'
import type { LabHost } from './lab-network.ts'

/** The services of one host. */
export interface LabServices {
  readonly host: LabHost
  readonly ingest: FaultService
  readonly processor: FaultService
  readonly query: FaultService
}

const AWAY_MS = 10_000
export const LAB_PORTS: Readonly<Record<Service, number>> = { ingest: 3101, processor: 3102, query: 3103 }

export interface LabServicesOptions {
  host: LabHost
  /** Folder of the host's own files, such as the journal. */
  dataDir: string
  /** Settings of all services. */
  env: Record<string, string>
  databaseUrls: Readonly<Record<Service, string>>
  /** Address of the provider for this host's processor, by which it is known there. */
  providerUrl: string
  onLine: (line: string) => void
}

/** Starts the three services of a host. They are not ready yet. */
export async function startLabServices(options: LabServicesOptions): Promise<LabServices> {
  const { host, providerUrl } = options
  const own: Partial<Record<Service, Record<string, string>>> = {
    processor: { FAKE_PROVIDER_URL: providerUrl },
    query: { INGEST_URL: toUrl(host, 'ingest'), PROCESSOR_URL: toUrl(host, 'processor') },
  }
  const start = (service: Service) => startLabService(service, options, own[service])
  const [ingest, processor, query] = await Promise.all([start('ingest'), start('processor'), start('query')])
  return { host, ingest, processor, query }
}

/** Starts a service on a host. It is not ready yet. @param own settings of this one alone, such as another port */
export async function startLabService(
  service: Service,
  { host, dataDir, env, databaseUrls, onLine }: LabServicesOptions,
  own: Record<string, string> = {},
  port = LAB_PORTS[service],
): Promise<FaultService> {
  return await startFaultService({
    service,
    port,
    host,
    env: { ...env, DATABASE_URL: databaseUrls[service], DATA_DIR: join(dataDir, host.name), ...own },
    output: { onLine },
  })
}

/** Returns `host:port` of a service on each host. */
export function listUpstreams(hosts: readonly LabHost[], service: Service): string[] {
  return hosts.map(({ address }) => `${address}:${LAB_PORTS[service]}`)
}

/** Returns the services of several hosts, host by host. */
export function listServices(sets: readonly LabServices[]): FaultService[] {
  return sets.flatMap(set => SERVICES.map(service => set[service]))
}

/** Waits until a service reports that the store is away. @throws Error if it is not ready then */
export async function waitUntilStoreIsAway({ url }: FaultService): Promise<void> {
  await waitFor('the state of the store', AWAY_MS, async () => {
    const response = await fetch(`${url}/readyz`)
    if (response.status !== 200) throw new Error(`it answers ${response.status}`)
    return ((await response.json()) as { engines: { store: string } }).engines.store === 'failing'
  })
}

function toUrl({ address }: LabHost, service: Service): string {
  return `http://${address}:${LAB_PORTS[service]}`
}
