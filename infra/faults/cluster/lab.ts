import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import { findFreePort } from '../../local/process/free-ports.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { insertForeignGeneration } from '../../testing/data/foreign-generation.ts'
import type { CheckedStudio } from '../../testing/invariants/checked-studio.ts'
import { createClient } from '../../testing/invariants/client.ts'
import { startProxy, type TcpProxy } from '../../testing/net-proxy.ts'
import { openBusAdmin } from '../../testing/studio/bus-admin.ts'
import { type BusCluster, startBusCluster } from '../../testing/studio/bus-cluster.ts'
import { startCaddy } from '../../testing/studio/caddy-process.ts'
import { startFakeProvider } from '../../testing/studio/fake-provider.ts'
import type { FaultService } from '../../testing/studio/fault-service.ts'
import { type Pooler, startPooler } from '../../testing/studio/pooler.ts'
import { type FaultServer, startDatabaseServer } from '../../testing/studio/server-process.ts'
import { createServiceUrls } from '../../testing/studio/service-roles.ts'
import { createBusSettings, createTestEnv } from '../../testing/studio/test-env.ts'
import { waitForModels } from '../../testing/studio/test-stack.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { type SoakStore, startSoakStore } from '../soak/soak-store.ts'
import { type LabHost, type LabNetwork, openLabNetwork } from './lab-network.ts'
import {
  type LabServices,
  type LabServicesOptions,
  listServices,
  listUpstreams,
  startLabService,
  startLabServices,
} from './lab-services.ts'

/**
 * A studio on several hosts: two with all services, three with NATS as a cluster. Caddy, PgBouncer in transaction mode, Postgres, the
 * provider and the S3 server are in the lab itself, which the hosts reach over its network.
 */
export interface Lab extends CheckedStudio, AsyncDisposable {
  /** Port of Caddy, on loopback. */
  readonly port: number
  readonly network: LabNetwork
  readonly sets: readonly [LabServices, LabServices]
  readonly bus: BusCluster
  readonly busHosts: readonly LabHost[]
  readonly database: FaultServer
  /** The network between the pooler and the database. */
  readonly databaseProxy: TcpProxy
  readonly pooler: Pooler
  /** The store's settings and its network. */
  readonly objects: SoakStore
  /** Starts another processor on the first host, at a port and with settings of its own. Resolves when it is ready. */
  startProcessor(own: Record<string, string>, port: number): Promise<FaultService>
  /** Ends every fault. */
  restore(): Promise<void>
}

const POOLED_CONNECTIONS = 12
const SHORT_TIMEOUTS = { LEASE_SECONDS: '3', SHUTDOWN_GRACE_SECONDS: '2', GENERATION_MAX_SECONDS: '60' }
const log = createLog({ service: 'test', level: 'silent' })

/** Starts the lab, in a network namespace of its own. */
export async function startLab(): Promise<Lab> {
  await using stack = new AsyncDisposableStack()
  const network = await openLabNetwork()
  const [one, two] = [await network.addHost('host-1'), await network.addHost('host-2')] as const
  const busHosts = [await network.addHost('nats-1'), await network.addHost('nats-2'), await network.addHost('nats-3')]
  const parts = await startParts(stack, network, busHosts)
  const { folder, database, databaseProxy, pooler, objects, fake, bus } = parts
  const port = await findFreePort()
  const logLines: string[] = []
  const shared = {
    dataDir: folder,
    env: buildEnv(parts, port),
    databaseUrls: await createServiceUrls(database.url, pooler.urlThrough),
    onLine: (line: string) => void logLines.push(line),
  }
  const provider = stack.use(
    await startProxy(Number(new URL(fake.url).port), { proxy: network.address, server: network.address }),
  )
  const optionsFor = async (host: LabHost): Promise<LabServicesOptions> => ({
    ...shared,
    host,
    providerUrl: `http://${network.address}:${await provider.openPort()}`,
  })
  const options = await optionsFor(one)
  const sets = [await startLabServices(options), await startLabServices(await optionsFor(two))] as const
  const services = listServices(sets)
  const others: FaultService[] = []
  // At once: each answers for some seconds after it was told to stop.
  stack.defer(() => Promise.all([...services, ...others].map(service => service[Symbol.asyncDispose]())).then(() => {}))
  stack.use(await startCaddy({ port, ...toUpstreams([one, two]) }))
  await Promise.all(services.map(service => service.waitUntilReady()))
  const client = createClient(`http://localhost:${port}`)
  await waitForModels(client)
  const sql = openDatabase({ url: database.url, name: 'test', connections: 2, log })
  stack.defer(() => sql.end({ timeout: 1 }))
  await insertForeignGeneration(sql)
  const busAdmin = stack.use(await openBusAdmin(bus.urls))
  const disposables = stack.move()
  return {
    port,
    network,
    sets,
    bus,
    busHosts,
    database,
    databaseProxy,
    pooler,
    objects,
    fake,
    client,
    sql,
    busAdmin,
    store: objects.store,
    logLines,
    proxies: { provider },
    running: services,
    get services() {
      return [...services, ...others]
    },
    startProcessor: async (own, at) => {
      const started = await startLabService('processor', options, own, at)
      others.push(started)
      await started.waitUntilReady()
      return started
    },
    restore: () => restore(parts, network),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

type Parts = Awaited<ReturnType<typeof startParts>>

async function startParts(stack: AsyncDisposableStack, network: LabNetwork, busHosts: readonly LabHost[]) {
  const { address } = network
  const folder = stack.use(await createTestDirectory()).path
  const [fake, objects, database, bus] = await Promise.all([
    startFakeProvider(address).then(part => stack.use(part)),
    startSoakStore(address).then(part => stack.use(part)),
    startDatabaseServer(join(folder, 'postgres'), { isDurable: true }).then(part => stack.use(part)),
    startBusCluster(join(folder, 'nats'), { servers: busHosts }).then(part => stack.use(part)),
  ])
  await migrate({ url: database.url })
  const databaseProxy = stack.use(await startProxy(database.port))
  const directProxy = stack.use(await startProxy(database.port, { proxy: address }))
  const pooler = stack.use(
    await startPooler(join(folder, 'pooler'), databaseProxy.urlThrough(database.url), {
      mode: 'transaction',
      connections: POOLED_CONNECTIONS,
      address,
    }),
  )
  return { folder, fake, objects, database, bus, databaseProxy, directProxy, pooler }
}

function buildEnv({ folder, bus, objects, fake, directProxy }: Parts, port: number): Record<string, string> {
  return {
    ...createTestEnv({ dataDir: folder, port }),
    PATH: process.env.PATH ?? '',
    HOST: '0.0.0.0',
    ...createBusSettings(bus.urlsByUser),
    NATS_REPLICAS: '3',
    DATABASE_LISTEN_HOST: new URL(directProxy.urlThrough('postgres://lab')).host,
    ...objects.env,
    INTERNAL_API_SECRET: crypto.randomUUID(),
    SAFE_GET_ALLOW: fake.url,
    PROVIDER_CONCURRENCY: '4',
    SHUTDOWN_DELAY_SECONDS: '3',
    ...SHORT_TIMEOUTS,
  }
}

function toUpstreams(hosts: readonly LabHost[]): Record<Exclude<Service, 'processor'>, string[]> {
  return { ingest: listUpstreams(hosts, 'ingest'), query: listUpstreams(hosts, 'query') }
}

async function restore(
  { fake, objects, database, databaseProxy, directProxy, bus, pooler }: Parts,
  network: LabNetwork,
): Promise<void> {
  await network.restore()
  for (const proxy of [databaseProxy, directProxy, objects.proxy]) proxy.setFault({ kind: 'none' })
  database.thaw()
  if (!database.isRunning) await database.start()
  if (!pooler.isRunning) await pooler.start()
  for (const server of bus.servers) if (!server.isRunning) await server.start()
  await fake.resetBehavior()
}
