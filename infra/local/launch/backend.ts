import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import type { Config } from '../../src/config.ts'
import { computeDrainSeconds } from '../../src/runtime/stop-time.ts'
import { buildServiceEnvironment } from '../access/service-environment.ts'
import type { ForBusUsers } from '../embedded/nats.ts'
import { startBus, startDatabase } from '../embedded/start-embedded.ts'
import { allOrAbort } from '../process/all-or-abort.ts'
import type { ChildProcess } from '../process/child-process.ts'
import { findFreePorts } from '../process/free-ports.ts'
import type { Address } from './address.ts'
import type { CloseSlot, LaunchContext } from './launch-context.ts'
import { readOrCreateSecret } from './secret.ts'
import { type SupervisedService, startServices } from './services.ts'

const STOP_MARGIN_MS = 2_000
const LOOPBACK = '127.0.0.1'

/** Servers that the services depend on. */
export interface Infrastructure {
  /** URL of the database for each service. */
  databaseUrls: Record<Service, string>
  /** URL of each user of the bus. */
  busUrls: ForBusUsers
}

/** Starts the database and the bus concurrently. */
export async function startInfrastructure(
  context: LaunchContext,
  slots: { database: CloseSlot; bus: CloseSlot },
): Promise<Infrastructure> {
  const [database, busUrls] = await allOrAbort(context.signal, [
    signal => startDatabase({ ...context, signal }, slots.database),
    signal => startBus({ ...context, signal }, slots.bus),
  ])
  await context.record.update({ databaseUrl: database.owner, natsUrl: busUrls.admin })
  return { databaseUrls: database.services, busUrls }
}

export interface Backend {
  /** Base URL of each service. */
  urls: Record<Service, string>
  services: readonly SupervisedService[]
}

/**
 * Starts the services and waits until query is ready. The others may be missing.
 *
 * @param addresses `port` is that of the studio's address, which is opened later; `gatewaySecret` is what the services believe the gateway by
 * @param slots `workers` are the services that write
 */
export async function startBackend(
  context: LaunchContext,
  addresses: Infrastructure & { port: number; gatewaySecret: string; address: Pick<Address, 'addQuery'> },
  slots: { query: CloseSlot; workers: CloseSlot },
): Promise<Backend> {
  const { config, progress, signal, forceSignal, profile, record } = context
  const ports = await allocateServicePorts(config)
  const urls = {
    ingest: toLoopbackUrl(ports.ingest),
    processor: toLoopbackUrl(ports.processor),
    query: toLoopbackUrl(ports.query),
  }
  const services = await startServices({
    commands: profile.services,
    urls,
    envFor: await createEnvironments(context, { ...addresses, ports, urls }),
    outputFor: profile.outputFor,
    host: new URL(config.PUBLIC_URL ?? `http://localhost:${addresses.port}`).host,
    stopMs: computeStopTimes(config),
    forceSignal,
    progress,
    onStarted: (name: Service, child: ChildProcess) => {
      if (name === 'query') addresses.address.addQuery(child)
      void record.recordProcess(name, child)
    },
    signal,
  })
  const [queries, workers] = [services.filter(isQuery), services.filter(service => !isQuery(service))]
  slots.query({ stop: () => stopAll(queries) })
  slots.workers({ stop: () => stopAll(workers) })
  await record.update({ services: urls })
  await waitForAll(queries, signal)
  return { urls, services }
}

function isQuery({ name }: SupervisedService): boolean {
  return name === 'query'
}

async function stopAll(services: readonly SupervisedService[]): Promise<void> {
  await Promise.all(services.map(service => service.stop()))
}

/** Waits until the services are ready. @throws the signal's reason when it is aborted */
async function waitForAll(services: readonly SupervisedService[], signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => aborted.resolve(), { once: true })
  if (signal.aborted) aborted.resolve()
  await Promise.race([aborted.promise, Promise.all(services.map(({ ready }) => ready))])
  signal.throwIfAborted()
}

/** Returns the time that each service may take to stop, in milliseconds. A processor waits for the calls that are paid. */
function computeStopTimes(config: Config): Record<Service, number> {
  const [graceMs, delayMs] = [config.SHUTDOWN_GRACE_SECONDS * 1_000, config.SHUTDOWN_DELAY_SECONDS * 1_000]
  return {
    ingest: delayMs + graceMs + STOP_MARGIN_MS,
    query: delayMs + graceMs + STOP_MARGIN_MS,
    processor: computeDrainSeconds(config) * 1_000 + STOP_MARGIN_MS,
  }
}

interface ServiceAddresses {
  port: number
  gatewaySecret: string
  ports: Record<Service, number>
  urls: Record<Service, string>
}

/** Returns a function that builds the environment of a service. */
async function createEnvironments(
  context: LaunchContext,
  addresses: Infrastructure & ServiceAddresses,
): Promise<(name: Service) => Record<string, string>> {
  const { config, dataDir, env, profile } = context
  const adminSecret = config.INTERNAL_API_SECRET ?? (await readOrCreateSecret(join(dataDir, 'internal-api-secret')))
  const settings = buildSettings(context, addresses)
  const extraVariables = profile.extraVariables
  return name => buildServiceEnvironment(name, { ...addresses, env, settings, adminSecret, extraVariables })
}

/** Builds the settings that the launcher decides for the services. They listen on loopback; only the gateway is public. */
function buildSettings({ config, dataDir }: LaunchContext, addresses: ServiceAddresses): Record<string, string> {
  return {
    DATA_DIR: dataDir,
    HOST: LOOPBACK,
    PORT: String(addresses.port),
    INGEST_PORT: String(addresses.ports.ingest),
    PROCESSOR_PORT: String(addresses.ports.processor),
    QUERY_PORT: String(addresses.ports.query),
    INGEST_URL: addresses.urls.ingest,
    PROCESSOR_URL: addresses.urls.processor,
    GATEWAY_SECRET: addresses.gatewaySecret,
    // The next launcher finds a processor that this one has left by its own address.
    OPERATOR_HOSTS: [...config.OPERATOR_HOSTS, ...Object.values(addresses.urls).map(url => new URL(url).host)].join(),
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
