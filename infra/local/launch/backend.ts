import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import type { Config } from '../../src/config.ts'
import { startBus, startDatabase } from '../embedded/start-embedded.ts'
import { together } from '../process/all-or-abort.ts'
import type { Child } from '../process/child-process.ts'
import { freePorts } from '../process/free-ports.ts'
import type { Hold, Site } from './launch-context.ts'
import { keepSecret } from './secret.ts'
import { servicesReady, startServices } from './services.ts'

const STOP_SLACK_MS = 2_000
const LOOPBACK = '127.0.0.1'

/** What the services stand on. */
export interface Ground {
  databaseUrl: string
  natsUrl: string
}

/** Starts the database and the bus, side by side. */
export async function startGround(site: Site, holds: { database: Hold; bus: Hold }): Promise<Ground> {
  const [databaseUrl, natsUrl] = await together(site.signal, [
    signal => startDatabase({ ...site, signal }, holds.database),
    signal => startBus({ ...site, signal }, holds.bus),
  ])
  await site.record.tell({ databaseUrl, natsUrl })
  return { databaseUrl, natsUrl }
}

/**
 * Starts the services.
 *
 * @param place `port` that the gateway will have
 * @returns the services' addresses; they are ready
 */
export async function startBackend(
  site: Site,
  place: Ground & { port: number },
  hold: Hold,
): Promise<Record<Service, string>> {
  const { config, progress, signal, hurry, blueprint, record } = site
  const ports = await servicePorts(config)
  const options = {
    commands: blueprint.services,
    ports,
    env: { ...site.env, ...(await settings(site, { ...place, ports })) },
    output: blueprint.output,
    host: new URL(config.PUBLIC_URL ?? `http://localhost:${place.port}`).host,
    stopMs: config.SHUTDOWN_GRACE_SECONDS * 1_000 + STOP_SLACK_MS,
    hurry,
    progress,
    started: (name: Service, child: Child) => void record.started(name, child),
    giveUp: site.giveUp,
    signal,
  }
  hold(await startServices(options))
  await servicesReady(options)
  const services = { ingest: address(ports.ingest), processor: address(ports.processor), query: address(ports.query) }
  await record.tell({ services })
  return services
}

/** Settings that the launcher decides for the services. They stay on loopback: only the gateway is for others. */
async function settings(
  { config, dataDir }: Site,
  found: Ground & { port: number; ports: Record<Service, number> },
): Promise<Record<string, string>> {
  return {
    DATABASE_URL: found.databaseUrl,
    NATS_URL: found.natsUrl,
    DATA_DIR: dataDir,
    HOST: LOOPBACK,
    PORT: String(found.port),
    INGEST_PORT: String(found.ports.ingest),
    PROCESSOR_PORT: String(found.ports.processor),
    QUERY_PORT: String(found.ports.query),
    INTERNAL_API_SECRET: config.INTERNAL_API_SECRET ?? (await keepSecret(join(dataDir, 'internal-api-secret'))),
    NODE_ENV: config.NODE_ENV,
    DARKROOM_PARENT_PID: String(process.pid),
  }
}

async function servicePorts(config: Config): Promise<Record<Service, number>> {
  const [ingest = 0, processor = 0, query = 0] = await freePorts(3)
  return {
    ingest: config.INGEST_PORT ?? ingest,
    processor: config.PROCESSOR_PORT ?? processor,
    query: config.QUERY_PORT ?? query,
  }
}

function address(port: number): string {
  return `http://${LOOPBACK}:${port}`
}
