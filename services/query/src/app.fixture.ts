import { type Bus, openBus } from '@darkroom/infra/bus/bus'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import type { Identify } from '@darkroom/infra/http/identity'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { createTestDatabase, createTestDirectory, startTestNats } from '@darkroom/infra/testing/test-resources'
import { createApp } from './app.ts'
import { createLiveEvents } from './events/live.ts'
import { createPartReader } from './parts.ts'

/** The service with a database, a bus and a folder of its own, and the database as the service opens it. For tests. */
export interface TestQuery extends AsyncDisposable {
  sql: Database
  /** The pool of requests: what runs beside them has another. */
  database: Database
  bus: Bus
  store: Store
  port: number
  routes: readonly { method: string; path: string }[]
}

/** @param options `allowOrigins`: origins on private addresses that provider outputs may come from */
export async function openTestQuery(options: { identify: Identify; allowOrigins: string[] }): Promise<TestQuery> {
  await using stack = new AsyncDisposableStack()
  const log = createLog({ service: 'test', level: 'silent' })
  const { url } = stack.use(await createTestDatabase())
  const [sql, database] = [false, true].map(usesCustomPlans =>
    openDatabase({ url, name: 'test', usesCustomPlans, log }),
  )
  if (!sql || !database) throw new Error('no database was opened')
  stack.defer(async () => void (await Promise.all([sql, database].map(pool => pool.end({ timeout: 1 })))))
  const nats = stack.use(await startTestNats())
  const bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  const store = await openStore({ DATA_DIR: stack.use(await createTestDirectory()).path })
  const stopping = new AbortController()
  const liveEvents = createLiveEvents({ database: sql, bus, log, maxStreams: 9, signal: stopping.signal })
  const running = liveEvents.run()
  stack.defer(async () => {
    stopping.abort()
    await running
  })
  const config = { PORT: 3000, PUBLIC_URL: 'http://localhost', BODY_MEMORY_MB: 64 }
  const { identify, allowOrigins } = options
  const app = createApp({
    http: { config, log, metrics: createMetrics('test'), checks: {}, identify, stopping: stopping.signal },
    database,
    budgetMicros: 5_000_000,
    trashDays: 7,
    store,
    liveEvents,
    ui: new Map(),
    allowOrigins,
    parts: createPartReader({ ingest: undefined, processor: undefined }),
  }).listen({ port: 0, hostname: '127.0.0.1' })
  stack.defer(async () => void (await app.stop(true)))
  const disposables = stack.move()
  const port = app.server?.port ?? 0
  return {
    sql,
    database,
    bus,
    store,
    port,
    routes: app.routes,
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}
