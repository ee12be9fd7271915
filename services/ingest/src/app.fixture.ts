import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createIdentify, type Identify, type Identity } from '@darkroom/infra/http/identity'
import { createLog, type Log } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDatabase, createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { createApp } from './app.ts'
import { demoModel } from './submit/model.fixture.ts'

/** The service with a database and a folder of its own and one model. For tests. */
export interface TestIngest extends AsyncDisposable {
  sql: Database
  store: Store
  /** Identity of requests without an `x-test` header. */
  owner: Identity
  routes: readonly { method: string; path: string }[]
  /** Handles a request unchanged. */
  send(request: Request): Promise<Response>
  /** Sends a request with a JSON body, if any; `as: 'stranger'` sends it from another workspace, `admin` as an administrator. */
  request(method: string, path: string, body?: unknown, as?: 'owner' | 'stranger' | 'admin'): Promise<Response>
}

export interface TestIngestOptions {
  queueDepth?: number
  /** Wraps the store that the service uses. */
  store?: (store: Store) => Store
  /** Budget of the studio, in micro-units. */
  budgetMicros?: number
  /** Identifies requests as a studio with these settings does, instead of by a header. */
  config?: { PUBLIC_URL: string; INTERNAL_API_SECRET: string }
  /** Identifies requests, instead of the header `x-test`. */
  identify?: Identify
  log?: Log
}

export async function openTestIngest(options: TestIngestOptions = {}): Promise<TestIngest> {
  await using stack = new AsyncDisposableStack()
  const log = options.log ?? createLog({ service: 'test', level: 'silent' })
  const directory = stack.use(await createTestDirectory())
  const { url } = stack.use(await createTestDatabase())
  const sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
  const store = await openStore({ DATA_DIR: directory.path })
  const [owner, stranger, admin] = [createIdentity(false), createIdentity(false), createIdentity(true)]
  const identities = new Map([
    ['stranger', stranger],
    ['admin', admin],
  ])
  const app = createApp({
    database: sql,
    store: options.store?.(store) ?? store,
    images: stack.use(openTestDecoder()),
    log,
    concurrency: 3,
    queueDepth: options.queueDepth ?? 500,
    budgetMicros: options.budgetMicros ?? null,
    encryptionKey: new Uint8Array(32).fill(7),
    defaultSlots: 2,
    config: options.config ?? {},
    http: {
      config: { PORT: 3000, PUBLIC_URL: 'http://localhost', BODY_MEMORY_MB: 64, ...options.config },
      log,
      metrics: createMetrics('test'),
      checks: {},
      identify:
        options.identify ??
        (options.config
          ? createIdentify(options.config)
          : async request => identities.get(request.headers.get('x-test') ?? '') ?? owner),
      stopping: new AbortController().signal,
    },
  })
  await sql`insert into models (id, provider, position, capability) values ('demo', 'demo', 0, ${sql.json(demoModel)})`
  const disposables = stack.move()
  return {
    sql,
    store,
    owner,
    routes: app.routes,
    send: async request => await app.handle(request),
    request: async (method, path, body, as = 'owner') => {
      const init = body === undefined ? {} : { body: JSON.stringify(body) }
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      return await app.handle(
        new Request(`http://localhost${path}`, { method, headers: { 'x-test': as, ...type }, ...init }),
      )
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

function createIdentity(admin: boolean): Identity {
  return { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin }
}
