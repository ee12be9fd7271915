import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import { type Gateway, startGateway } from '../../local/launch/gateway.ts'
import { findFreePorts } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { insertForeignGeneration } from '../invariants/check-isolation.ts'
import { type Client, createClient } from '../invariants/client.ts'
import { startProxy, type TcpProxy } from '../net-proxy.ts'
import { createTestDirectory } from '../test-resources.ts'
import { type BusAdmin, openBusAdmin } from './bus-admin.ts'
import { type FakeProvider, startFakeProvider } from './fake-provider.ts'
import { type FaultServer, startBusServer, startDatabaseServer } from './server-process.ts'
import { type FaultService, startService } from './service-process.ts'

/**
 * A whole studio of which each part can be struck by itself: its services, database and bus in processes of their own, with a
 * proxy before what they speak to.
 */
export interface TestStack extends AsyncDisposable {
  readonly folder: string
  readonly database: FaultServer
  readonly bus: FaultServer
  readonly fake: FakeProvider
  /** What lies between the services and the database, the bus and the provider. */
  readonly proxies: { database: TcpProxy; bus: TcpProxy; provider: TcpProxy }
  readonly ingest: FaultService
  readonly query: FaultService
  /** There is one to begin with. */
  readonly processors: FaultService[]
  /** The first processor. */
  readonly processor: FaultService
  /** Starts another processor, which is ready. */
  addProcessor(env?: Record<string, string>): Promise<FaultService>
  /** Stops one that was added, for good. */
  removeProcessor(processor: FaultService): Promise<void>
  /** Undoes what was done to the servers, the proxies and the provider. */
  clearFaults(): Promise<void>
  readonly client: Client
  /** To the database itself, past the proxy. */
  readonly sql: Database
  /** To the bus itself, past the proxy. */
  readonly busAdmin: BusAdmin
  /** Where its pictures are, asked without trouble. */
  readonly store: Store
  /** What the services have written, newest last. */
  readonly logLines: readonly string[]
}

export interface TestStackOptions {
  /** Settings beside the stage's own. */
  env?: Record<string, string>
  /** Whether its database waits until a commit is on the disk, so that a kill loses none. */
  isDurable?: boolean
  /** Where its pictures are, if not in its folder. */
  store?: Store
}

const SHORT_TIMEOUTS = { LEASE_SECONDS: '2', SHUTDOWN_GRACE_SECONDS: '2', GENERATION_MAX_SECONDS: '60' }
const MAX_LOG_LINES = 5_000
const MODELS_MS = 30_000
const log = createLog({ service: 'test', level: 'silent' })

/** Starts a studio on an empty folder. */
export async function startTestStack({
  env = {},
  store,
  isDurable = false,
}: TestStackOptions = {}): Promise<TestStack> {
  await using stack = new AsyncDisposableStack()
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
  const [port = 0, ingestPort = 0, queryPort = 0] = await findFreePorts(3)
  const logLines: string[] = []
  const output = { onLine: (text: string) => appendLogLine(logLines, text) }
  const settings = { ...buildEnv({ folder, database, bus, fake, proxies, port }), ...env }
  const start = async (service: Service, own: Record<string, string>, port: number) =>
    stack.use(await startService({ service, port, env: { ...settings, ...own }, output }))
  const [processorPort = 0] = await findFreePorts(1)
  const services = await Promise.all([
    start('ingest', { INGEST_PORT: String(ingestPort) }, ingestPort),
    start('query', { QUERY_PORT: String(queryPort) }, queryPort),
    start('processor', { PROCESSOR_PORT: String(processorPort) }, processorPort),
  ])
  const [ingest, query, processor] = services
  const gateway = startGateway({ port, host: '127.0.0.1', upstreams: { ingest: ingest.url, query: query.url } })
  stack.defer(() => closeGateway(gateway))
  await Promise.all(services.map(service => service.waitUntilReady()))
  const client = createClient(`http://localhost:${port}`)
  await waitForModels(client)
  const sql = openDatabase({ url: database.url, name: 'test', connections: 2, log })
  stack.defer(() => sql.end({ timeout: 1 }))
  await insertForeignGeneration(sql)
  const busAdmin = stack.use(await openBusAdmin(bus.url))
  const processors = [processor]
  const objectStore = store ?? (await openStore({ DATA_DIR: folder }))
  const disposables = stack.move()
  return {
    folder,
    database,
    bus,
    fake,
    proxies,
    ingest,
    query,
    processors,
    processor,
    client,
    sql,
    busAdmin,
    store: objectStore,
    logLines,
    addProcessor: async (own = {}) => {
      const [port = 0] = await findFreePorts(1)
      const added = disposables.use(
        await startService({
          service: 'processor',
          port,
          env: { ...settings, ...own, PROCESSOR_PORT: String(port) },
          output,
        }),
      )
      processors.push(added)
      await added.waitUntilReady()
      return added
    },
    removeProcessor: async processor => {
      processors.splice(processors.indexOf(processor), 1)
      await processor[Symbol.asyncDispose]()
    },
    clearFaults: () => clearFaults({ database, bus, fake, proxies }),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function clearFaults({ database, bus, fake, proxies }: Pick<TestStack, 'database' | 'bus' | 'fake' | 'proxies'>) {
  for (const proxy of Object.values(proxies)) proxy.setFault({ kind: 'none' })
  for (const server of [database, bus]) {
    server.thaw()
    if (!server.isRunning) await server.start()
  }
  await fake.resetBehavior()
}

function buildEnv(parts: {
  folder: string
  database: FaultServer
  bus: FaultServer
  fake: FakeProvider
  proxies: TestStack['proxies']
  port: number
}): Record<string, string> {
  const { proxies, fake } = parts
  return {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    PORT: String(parts.port),
    DATA_DIR: parts.folder,
    DATABASE_URL: proxies.database.urlThrough(parts.database.url),
    NATS_URL: proxies.bus.urlThrough(parts.bus.url),
    INTERNAL_API_SECRET: crypto.randomUUID(),
    DARKROOM_PARENT_PID: String(process.pid),
    FAKE_PROVIDER_URL: new URL(proxies.provider.urlThrough(fake.url)).origin,
    SAFE_GET_ALLOW: fake.url,
    ...SHORT_TIMEOUTS,
  }
}

async function waitForModels(client: Client): Promise<void> {
  const areListed = async () =>
    (await (await client.fetch('/api/models')).text()).includes('fake-image') ? true : undefined
  await waitUntil(areListed, { what: 'The models', milliseconds: MODELS_MS, signal: new AbortController().signal })
}

async function closeGateway(gateway: Gateway): Promise<void> {
  gateway.stopListening()
  await gateway.closeConnections()
}

function appendLogLine(lines: string[], text: string): void {
  lines.push(text)
  if (lines.length > MAX_LOG_LINES) lines.shift()
}
