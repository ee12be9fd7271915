import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import type { ForBusUsers } from '../../local/embedded/nats.ts'
import { findFreePorts } from '../../local/process/free-ports.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { type Gateway, startGateway } from '../../src/http/gateway/gateway.ts'
import { createLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { insertForeignGeneration } from '../data/foreign-generation.ts'
import { type Client, createClient } from '../invariants/client.ts'
import { startProxy, type TcpProxy } from '../net-proxy.ts'
import { createTestDirectory } from '../test-resources.ts'
import { waitFor } from '../wait-for.ts'
import { type BusAdmin, openBusAdmin } from './bus-admin.ts'
import { type FakeProvider, startFakeProvider } from './fake-provider.ts'
import { type FaultService, startFaultService } from './fault-service.ts'
import { type Pooler, type PoolerOptions, startPooler } from './pooler.ts'
import { type BusServer, type FaultServer, startBusServer, startDatabaseServer } from './server-process.ts'
import type { ServiceProcessOptions } from './service-process.ts'
import { createServiceUrls } from './service-roles.ts'
import { createBusSettings, createTestEnv } from './test-env.ts'

/**
 * A studio whose parts can fail one by one: its services, database and bus run in processes of their own, with a proxy in front of
 * the database, the bus and the provider.
 */
export interface TestStack extends AsyncDisposable {
  readonly folder: string
  readonly database: FaultServer
  readonly bus: BusServer
  readonly fake: FakeProvider
  /** The pooler, if it was wanted. */
  readonly pooler: Pooler | undefined
  /** The network between the services and the database, the bus and the provider. */
  readonly proxies: { database: TcpProxy; bus: TcpProxy; provider: TcpProxy }
  readonly ingest: FaultService
  readonly query: FaultService
  /** All running processors; one at the start. */
  readonly processors: readonly FaultService[]
  /** The first processor. */
  readonly processor: FaultService
  /** Every service that runs. */
  readonly running: readonly FaultService[]
  /** Every service that it has had, also processors that were removed. */
  readonly services: readonly FaultService[]
  /** Starts another processor. Resolves when it is ready. */
  addProcessor(env?: Record<string, string>): Promise<FaultService>
  /** Stops a processor. It does not start again. */
  removeProcessor(processor: FaultService): Promise<void>
  /** Starts a processor, and stops the first one once it is ready. The new one is the first then. */
  replaceProcessor(): Promise<void>
  /** Ends every fault of the servers, the proxies and the provider. */
  clearFaults(): Promise<void>
  readonly client: Client
  /** A connection to the database that bypasses the proxy. */
  readonly sql: Database
  /** A connection to the bus that bypasses the proxy. */
  readonly busAdmin: BusAdmin
  /** Its object store, without faults. */
  readonly store: Store
  /** The services' log, newest last. */
  readonly logLines: readonly string[]
}

export interface TestStackOptions {
  /** Additional settings. */
  env?: Record<string, string>
  /** Makes the database flush every commit to disk, so that a kill loses none. */
  isDurable?: boolean
  /** Its object store, unless that is its folder. */
  store?: Store
  /** The data directory of its services, unless that is its folder. */
  dataDir?: string
  /** Puts a PgBouncer between the services and the proxy in front of the database. */
  pooler?: PoolerOptions
}

const SHORT_TIMEOUTS = { LEASE_SECONDS: '3', SHUTDOWN_GRACE_SECONDS: '2', GENERATION_MAX_SECONDS: '60' }
const MAX_LOG_LINES = 5_000
const MODELS_MS = 60_000
const log = createLog({ service: 'test', level: 'silent' })

/** Starts a studio on an empty folder. */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  await using stack = new AsyncDisposableStack()
  const servers = await startServers(stack, options.isDurable ?? false)
  const pooler = await startPoolerIfWanted(stack, servers, options.pooler)
  const { urlThrough } = pooler ?? servers.proxies.database
  const databaseUrls = await createServiceUrls(servers.database.url, urlThrough)
  const { folder, database, bus, fake, proxies } = servers
  const dataDir = options.dataDir ?? folder
  const [port = 0, ingestPort = 0, queryPort = 0] = await findFreePorts(3)
  const logLines: string[] = []
  const INGEST_URL = toLoopbackUrl(ingestPort)
  const env = { ...buildEnv(servers, { dataDir, port }), INGEST_URL, ...options.env }
  const start = createServiceStarter({ env, databaseUrls, output: { onLine: text => appendLogLine(logLines, text) } })
  const processors = createProcessors({ stack, start, servers })
  const services = await Promise.all([
    start('ingest', ingestPort).then(service => stack.use(service)),
    start('query', queryPort).then(service => stack.use(service)),
    processors.start(),
  ])
  const [ingest, query] = services
  const gateway = startGateway({ port, host: '127.0.0.1', upstreams: { ingest: ingest.url, query: query.url } })
  stack.defer(() => closeGateway(gateway))
  await Promise.all(services.map(service => service.waitUntilReady()))
  const client = createClient(`http://localhost:${port}`)
  await waitForModels(client)
  const sql = openDatabase({ url: database.url, name: 'test', connections: 2, log })
  stack.defer(() => sql.end({ timeout: 1 }))
  await insertForeignGeneration(sql)
  const busAdmin = stack.use(await openBusAdmin(bus.url))
  const store = options.store ?? (await openStore({ DATA_DIR: dataDir }))
  const disposables = stack.move()
  return {
    ...servers,
    pooler,
    ingest,
    query,
    processors: processors.running,
    get processor() {
      return processors.first()
    },
    get running() {
      return [ingest, query, ...processors.running]
    },
    get services() {
      return [ingest, query, ...processors.all]
    },
    client,
    sql,
    busAdmin,
    store,
    logLines,
    addProcessor: processors.add,
    removeProcessor: processors.remove,
    replaceProcessor: processors.replace,
    clearFaults: () => clearFaults({ database, bus, fake, proxies, pooler }),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

/** Creates the list of a studio's processors. Each has the provider at an address of its own, by which it is known there. */
function createProcessors(options: {
  stack: AsyncDisposableStack
  start: ReturnType<typeof createServiceStarter>
  servers: Servers
}) {
  const all: FaultService[] = []
  const running: FaultService[] = []
  const disposables = options.stack.use(new AsyncDisposableStack())
  const start = async (own: Record<string, string> = {}) => {
    const [port = 0] = await findFreePorts(1)
    const providerPort = await options.servers.proxies.provider.openPort()
    const env = { FAKE_PROVIDER_URL: `http://127.0.0.1:${providerPort}`, ...own }
    const started = disposables.use(await options.start('processor', port, env))
    all.push(started)
    running.push(started)
    return started
  }
  const add = async (own?: Record<string, string>) => {
    const added = await start(own)
    await added.waitUntilReady()
    return added
  }
  const first = () => {
    const [processor] = running
    if (!processor) throw new Error('no processor runs')
    return processor
  }
  const remove = async (processor: FaultService) => {
    running.splice(running.indexOf(processor), 1)
    await processor[Symbol.asyncDispose]()
  }
  const replace = async () => {
    const before = first()
    const added = await add()
    running.splice(running.indexOf(added), 1)
    running.unshift(added)
    await remove(before)
  }
  return { all, running, start, add, first, remove, replace }
}

type Servers = Pick<TestStack, 'folder' | 'database' | 'bus' | 'fake' | 'proxies'>

async function startServers(stack: AsyncDisposableStack, isDurable: boolean): Promise<Servers> {
  const folder = stack.use(await createTestDirectory()).path
  const fake = stack.use(await startFakeProvider())
  const [database, bus] = await Promise.all([
    startDatabaseServer(join(folder, 'postgres'), { isDurable }).then(server => stack.use(server)),
    startBusServer(join(folder, 'nats')).then(server => stack.use(server)),
  ])
  await migrate({ url: database.url })
  const proxies = {
    database: stack.use(await startProxy(database.port)),
    bus: stack.use(await startProxy(bus.port)),
    provider: stack.use(await startProxy(Number(new URL(fake.url).port))),
  }
  return { folder, database, bus, fake, proxies }
}

/** Returns a function that starts a service. `own` are settings of this one alone. */
function createServiceStarter({
  env,
  databaseUrls,
  output,
}: Pick<ServiceProcessOptions, 'env' | 'output'> & { databaseUrls: Record<Service, string> }) {
  return (service: Service, port: number, own: Record<string, string> = {}): Promise<FaultService> =>
    startFaultService({ service, port, env: { DATABASE_URL: databaseUrls[service], ...env, ...own }, output })
}

async function clearFaults({
  database,
  bus,
  fake,
  proxies,
  pooler,
}: Omit<Servers, 'folder'> & Pick<TestStack, 'pooler'>): Promise<void> {
  for (const proxy of Object.values(proxies)) proxy.setFault({ kind: 'none' })
  for (const server of [database, bus]) {
    server.thaw()
    if (!server.isRunning) await server.start()
  }
  if (pooler && !pooler.isRunning) await pooler.start()
  await fake.resetBehavior()
}

async function startPoolerIfWanted(
  stack: AsyncDisposableStack,
  { folder, database, proxies }: Servers,
  options: PoolerOptions | undefined,
): Promise<Pooler | undefined> {
  if (!options) return undefined
  // It connects as the owner, whoever the client is: the number of its connections is that of one user.
  return stack.use(await startPooler(join(folder, 'pooler'), proxies.database.urlThrough(database.url), options))
}

function buildEnv({ bus, proxies, fake }: Servers, options: { dataDir: string; port: number }): Record<string, string> {
  return {
    ...createTestEnv(options),
    PATH: process.env.PATH ?? '',
    HOST: '127.0.0.1',
    ...createBusSettings(mapUrls(bus.urls, proxies.bus.urlThrough)),
    INTERNAL_API_SECRET: crypto.randomUUID(),
    SAFE_GET_ALLOW: fake.url,
    ...SHORT_TIMEOUTS,
  }
}

function mapUrls(urls: ForBusUsers, toUrl: (url: string) => string): ForBusUsers {
  const { admin, ingest, processor, query } = urls
  return { admin: toUrl(admin), ingest: toUrl(ingest), processor: toUrl(processor), query: toUrl(query) }
}

/** Waits until the models of the fake provider are listed. */
export async function waitForModels(client: Client): Promise<void> {
  const areListed = async () => (await (await client.fetch('/api/models')).text()).includes('fake-image')
  await waitFor('The models', MODELS_MS, areListed)
}

function toLoopbackUrl(port: number): string {
  return `http://127.0.0.1:${port}`
}

async function closeGateway(gateway: Gateway): Promise<void> {
  gateway.stopListening()
  await gateway.closeConnections()
}

function appendLogLine(lines: string[], text: string): void {
  lines.push(text)
  if (lines.length > MAX_LOG_LINES) lines.shift()
}
