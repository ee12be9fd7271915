import { type Bus, openBus } from '@darkroom/infra/bus/bus'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import type { Identify } from '@darkroom/infra/http/identity'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { createServiceUrls } from '@darkroom/infra/testing/studio/service-roles'
import {
  createTestDatabase,
  createTestDirectory,
  startTestNats,
  type TestNats,
} from '@darkroom/infra/testing/test-resources'
import { createApp } from './app.ts'
import { createLiveEvents } from './events/live.ts'
import { createPartReader } from './parts.ts'

/** The service with a database, a bus and a folder of its own. For tests. */
export interface TestQuery extends AsyncDisposable {
  /** The database for its owner. */
  sql: Database
  /** The pool of requests, as the service opens it: what runs beside them has another. */
  database: Database
  nats: TestNats
  bus: Bus
  store: Store
  port: number
  routes: readonly { method: string; path: string }[]
  /** Requests a path at the studio's Host. */
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** Requests the headers of a path. */
  head(path: string, headers?: Record<string, string>): Promise<Response>
}

export interface TestQueryOptions {
  identify: Identify
  /** Origins on private addresses that provider outputs may come from; none unless given. */
  allowOrigins?: string[]
  /** Event streams of a workspace at most; 9 unless given. */
  maxStreams?: number
  /** Address of the processor, which is not asked unless given. */
  processorUrl?: string
  /** Returns the store that the service has instead of the one in its folder. */
  replaceStore?: (store: Store) => Store
}

export async function openTestQuery(options: TestQueryOptions): Promise<TestQuery> {
  await using stack = new AsyncDisposableStack()
  const log = createLog({ service: 'test', level: 'silent' })
  const { url } = stack.use(await createTestDatabase())
  const own = (await createServiceUrls(url)).query
  const open = (of: string, plans?: 'custom' | 'generic') => {
    const pool = openDatabase({ url: of, name: 'test', ...(plans && { plans }), log })
    stack.defer(() => pool.end({ timeout: 1 }))
    return pool
  }
  const [sql, background, database, pages] = [open(url), open(own), open(own, 'custom'), open(own, 'generic')]
  const nats = stack.use(await startTestNats())
  const bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  const store = await openStore({ DATA_DIR: stack.use(await createTestDirectory()).path })
  const { identify, allowOrigins = [], maxStreams = 9, processorUrl, replaceStore = unchanged => unchanged } = options
  const stopping = new AbortController()
  const liveEvents = createLiveEvents({ database: background, bus, log, maxStreams, signal: stopping.signal })
  const running = liveEvents.run()
  stack.defer(async () => {
    stopping.abort()
    await running
  })
  const config = { PORT: 3000, PUBLIC_URL: 'http://localhost', BODY_MEMORY_MB: 64 }
  const app = createApp({
    http: { config, log, metrics: createMetrics('test'), checks: {}, identify, stopping: stopping.signal },
    database,
    pages,
    budgetMicros: 5_000_000,
    trashDays: 7,
    store: replaceStore(store),
    liveEvents,
    ui: new Map(),
    allowOrigins,
    parts: createPartReader({ ingest: undefined, processor: processorUrl }),
  }).listen({ port: 0, hostname: '127.0.0.1' })
  stack.defer(async () => void (await app.stop(true)))
  const disposables = stack.move()
  const port = app.server?.port ?? 0
  const request = (path: string, init: RequestInit) =>
    fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init })
  return {
    ...{ sql, database, nats, bus, store, port },
    routes: app.routes,
    get: (path, headers = {}) => request(path, { headers: { host: 'localhost', ...headers } }),
    head: (path, headers = {}) => request(path, { method: 'HEAD', headers: { host: 'localhost', ...headers } }),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}
