import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import type { Config } from '../../src/config.ts'
import { startBus, startDatabase } from '../embedded/start-embedded.ts'
import { allOrAbort } from '../process/all-or-abort.ts'
import type { ChildProcess } from '../process/child-process.ts'
import { findFreePorts } from '../process/free-ports.ts'
import type { CloseSlot, LaunchContext } from './launch-context.ts'
import { readOrCreateSecret } from './secret.ts'
import { startServices, waitUntilServicesReady } from './services.ts'

const STOP_MARGIN_MS = 2_000
const LOOPBACK = '127.0.0.1'

/** Servers that the services depend on. */
export interface Infrastructure {
  databaseUrl: string
  natsUrl: string
}

/** Starts the database and the bus concurrently. */
export async function startInfrastructure(
  context: LaunchContext,
  slots: { database: CloseSlot; bus: CloseSlot },
): Promise<Infrastructure> {
  const [databaseUrl, natsUrl] = await allOrAbort(context.signal, [
    signal => startDatabase({ ...context, signal }, slots.database),
    signal => startBus({ ...context, signal }, slots.bus),
  ])
  await context.record.update({ databaseUrl, natsUrl })
  return { databaseUrl, natsUrl }
}

/**
 * Starts the services and waits until they are ready.
 *
 * @param addresses `port` is the gateway's, which listens later
 * @returns the base URL of each service
 */
export async function startBackend(
  context: LaunchContext,
  addresses: Infrastructure & { port: number },
  slot: CloseSlot,
): Promise<Record<Service, string>> {
  const { config, progress, signal, forceSignal, profile, record } = context
  const ports = await allocateServicePorts(config)
  const options = {
    commands: profile.services,
    ports,
    env: { ...context.env, ...(await buildServiceEnv(context, { ...addresses, ports })) },
    outputFor: profile.outputFor,
    host: new URL(config.PUBLIC_URL ?? `http://localhost:${addresses.port}`).host,
    stopMs: config.SHUTDOWN_GRACE_SECONDS * 1_000 + STOP_MARGIN_MS,
    forceSignal,
    progress,
    onStarted: (name: Service, child: ChildProcess) => void record.recordProcess(name, child),
    onFatal: context.onFatal,
    signal,
  }
  slot(await startServices(options))
  await waitUntilServicesReady(options)
  const services = {
    ingest: toLoopbackUrl(ports.ingest),
    processor: toLoopbackUrl(ports.processor),
    query: toLoopbackUrl(ports.query),
  }
  await record.update({ services })
  return services
}

/** Builds the settings that the launcher decides for the services. They listen on loopback; only the gateway is public. */
async function buildServiceEnv(
  { config, dataDir }: LaunchContext,
  addresses: Infrastructure & { port: number; ports: Record<Service, number> },
): Promise<Record<string, string>> {
  return {
    DATABASE_URL: addresses.databaseUrl,
    NATS_URL: addresses.natsUrl,
    DATA_DIR: dataDir,
    HOST: LOOPBACK,
    PORT: String(addresses.port),
    INGEST_PORT: String(addresses.ports.ingest),
    PROCESSOR_PORT: String(addresses.ports.processor),
    QUERY_PORT: String(addresses.ports.query),
    INTERNAL_API_SECRET: config.INTERNAL_API_SECRET ?? (await readOrCreateSecret(join(dataDir, 'internal-api-secret'))),
    NODE_ENV: config.NODE_ENV,
    DARKROOM_PARENT_PID: String(process.pid),
  }
}

async function allocateServicePorts(config: Config): Promise<Record<Service, number>> {
  const [ingest = 0, processor = 0, query = 0] = await findFreePorts(3)
  return {
    ingest: config.INGEST_PORT ?? ingest,
    processor: config.PROCESSOR_PORT ?? processor,
    query: config.QUERY_PORT ?? query,
  }
}

function toLoopbackUrl(port: number): string {
  return `http://${LOOPBACK}:${port}`
}
