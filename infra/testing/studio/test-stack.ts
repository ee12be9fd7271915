import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import { type Gateway, startGateway } from '../../local/launch/gateway.ts'
import { freePorts } from '../../local/process/free-ports.ts'
import { until } from '../../local/process/wait-until.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrations.ts'
import { createLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { plantForeign } from '../invariants/check-isolation.ts'
import { type Client, createClient } from '../invariants/client.ts'
import { startProxy, type TcpProxy } from '../net-proxy.ts'
import { testDirectory } from '../test-resources.ts'
import { type BusView, viewBus } from './bus-admin.ts'
import { type FakeProvider, startFakeProvider } from './fake-provider.ts'
import { type FaultServer, startBusServer, startDatabaseServer } from './server-process.ts'
import { type FaultService, startService } from './service-process.ts'

/**
 * A whole studio of which each part can be struck by itself: its services, database and bus in processes of their own, with a
 * proxy before what they speak to.
 */
export interface Stage extends AsyncDisposable {
  readonly folder: string
  readonly database: FaultServer
  readonly bus: FaultServer
  readonly fake: FakeProvider
  /** What lies between the services and the database, the bus and the provider. */
  readonly between: { database: TcpProxy; bus: TcpProxy; provider: TcpProxy }
  readonly ingest: FaultService
  readonly query: FaultService
  /** There is one to begin with. */
  readonly processors: FaultService[]
  /** The first processor. */
  readonly processor: FaultService
  /** Starts another processor, which is ready. */
  addProcessor(env?: Record<string, string>): Promise<FaultService>
  /** Stops one that was added, for good. */
  dismiss(processor: FaultService): Promise<void>
  /** Undoes what was done to the servers, the proxies and the provider. */
  heal(): Promise<void>
  readonly client: Client
  /** To the database itself, past the proxy. */
  readonly sql: Database
  /** To the bus itself, past the proxy. */
  readonly view: BusView
  /** Where its pictures are, asked without trouble. */
  readonly store: Store
  /** What the services have written, newest last. */
  readonly lines: readonly string[]
}

export interface StageOptions {
  /** Settings beside the stage's own. */
  env?: Record<string, string>
  /** Whether its database waits until a commit is on the disk, so that a kill loses none. */
  isDurable?: boolean
  /** Where its pictures are, if not in its folder. */
  store?: Store
}

const QUICK = { LEASE_SECONDS: '2', SHUTDOWN_GRACE_SECONDS: '2', GENERATION_MAX_SECONDS: '60' }
const LINES_KEPT = 5_000
const MODELS_MS = 30_000
const log = createLog({ service: 'test', level: 'silent' })

/** Starts a studio on an empty folder. */
export async function startStage({ env = {}, store, isDurable = false }: StageOptions = {}): Promise<Stage> {
  await using undo = new AsyncDisposableStack()
  const folder = undo.use(await testDirectory()).path
  const fake = undo.use(await startFakeProvider())
  const [database, bus] = await Promise.all([
    startDatabaseServer(join(folder, 'postgres'), { isDurable }).then(server => undo.use(server)),
    startBusServer(join(folder, 'nats')).then(server => undo.use(server)),
  ])
  await migrate({ url: database.url })
  const between = {
    database: undo.use(await startProxy(database.port)),
    bus: undo.use(await startProxy(bus.port)),
    provider: undo.use(await startProxy(Number(new URL(fake.url).port))),
  }
  const [port = 0, ingestPort = 0, queryPort = 0] = await freePorts(3)
  const lines: string[] = []
  const output = { line: (text: string) => keep(lines, text) }
  const settings = { ...settingsOf({ folder, database, bus, fake, between, port }), ...env }
  const start = async (service: Service, own: Record<string, string>, port: number) =>
    undo.use(await startService({ service, port, env: { ...settings, ...own }, output }))
  const [processorPort = 0] = await freePorts(1)
  const services = await Promise.all([
    start('ingest', { INGEST_PORT: String(ingestPort) }, ingestPort),
    start('query', { QUERY_PORT: String(queryPort) }, queryPort),
    start('processor', { PROCESSOR_PORT: String(processorPort) }, processorPort),
  ])
  const [ingest, query, processor] = services
  const gateway = startGateway({ port, host: '127.0.0.1', upstreams: { ingest: ingest.url, query: query.url } })
  undo.defer(() => closeGateway(gateway))
  await Promise.all(services.map(service => service.ready()))
  const client = createClient(`http://localhost:${port}`)
  await modelsKnown(client)
  const sql = openDatabase({ url: database.url, name: 'test', connections: 2, log })
  undo.defer(() => sql.end({ timeout: 1 }))
  await plantForeign(sql)
  const view = undo.use(await viewBus(bus.url))
  const processors = [processor]
  const pictures = store ?? (await openStore({ DATA_DIR: folder }))
  const owned = undo.move()
  return {
    folder,
    database,
    bus,
    fake,
    between,
    ingest,
    query,
    processors,
    processor,
    client,
    sql,
    view,
    store: pictures,
    lines,
    addProcessor: async (own = {}) => {
      const [port = 0] = await freePorts(1)
      const another = owned.use(
        await startService({
          service: 'processor',
          port,
          env: { ...settings, ...own, PROCESSOR_PORT: String(port) },
          output,
        }),
      )
      processors.push(another)
      await another.ready()
      return another
    },
    dismiss: async processor => {
      processors.splice(processors.indexOf(processor), 1)
      await processor[Symbol.asyncDispose]()
    },
    heal: () => heal({ database, bus, fake, between }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function heal({ database, bus, fake, between }: Pick<Stage, 'database' | 'bus' | 'fake' | 'between'>) {
  for (const proxy of Object.values(between)) proxy.set({ kind: 'none' })
  for (const server of [database, bus]) {
    server.thaw()
    if (!server.isRunning) await server.start()
  }
  await fake.behave()
}

function settingsOf(parts: {
  folder: string
  database: FaultServer
  bus: FaultServer
  fake: FakeProvider
  between: Stage['between']
  port: number
}): Record<string, string> {
  const { between, fake } = parts
  return {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    PORT: String(parts.port),
    DATA_DIR: parts.folder,
    DATABASE_URL: between.database.through(parts.database.url),
    NATS_URL: between.bus.through(parts.bus.url),
    INTERNAL_API_SECRET: crypto.randomUUID(),
    DARKROOM_PARENT_PID: String(process.pid),
    FAKE_PROVIDER_URL: new URL(between.provider.through(fake.url)).origin,
    SAFE_GET_ALLOW: fake.url,
    ...QUICK,
  }
}

async function modelsKnown(client: Client): Promise<void> {
  const ask = async () => ((await (await client.fetch('/api/models')).text()).includes('fake-image') ? true : undefined)
  await until(ask, { what: 'The models', milliseconds: MODELS_MS, signal: new AbortController().signal })
}

async function closeGateway(gateway: Gateway): Promise<void> {
  gateway.close()
  await gateway.cut()
}

function keep(lines: string[], text: string): void {
  lines.push(text)
  if (lines.length > LINES_KEPT) lines.shift()
}
