import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store, StoredObject } from '@darkroom/infra/store/store'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDatabase, createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { createMigrateDeps } from './row-migration/migrate-deps.ts'

/** A database and a store of their own, with the dependencies of a backfill. */
export interface BackfillEnv extends AsyncDisposable {
  deps: ReturnType<typeof createMigrateDeps>
  sql: Database
  databaseUrl: string
  directory: string
  /** Key of every put, in order. */
  puts: string[]
  listKeys(): Promise<string[]>
  readBytes(key: string): Promise<Buffer>
}

/** @param wrap wraps the store */
export async function openBackfillEnv(wrap: (store: Store) => Store = store => store): Promise<BackfillEnv> {
  await using stack = new AsyncDisposableStack()
  const { path: directory } = stack.use(await createTestDirectory())
  const { url: databaseUrl } = stack.use(await createTestDatabase())
  const log = createLog({ service: 'test', level: 'silent' })
  // The rows of tests are written by it, whose megabytes a busy machine takes long to pack.
  const sql = openDatabase({ url: databaseUrl, name: 'test', statementMs: 60_000, log })
  stack.defer(() => sql.end({ timeout: 1 }))
  const diskStore = await openStore({ DATA_DIR: directory })
  const puts: string[] = []
  const store = recordPuts(wrap(diskStore), puts)
  const rowPool = openDatabase({ url: databaseUrl, name: 'test-rows', connections: 16, log })
  stack.defer(() => rowPool.end({ timeout: 1 }))
  const signal = new AbortController().signal
  const images = stack.use(openTestDecoder())
  const deps = createMigrateDeps({ database: sql, rowPool, store, images, log, memoryBytes: 64 * 1024 * 1024, signal })
  const disposables = stack.move()
  return {
    deps,
    sql,
    databaseUrl,
    directory,
    puts,
    listKeys: async () => (await Array.fromAsync(diskStore.list(''), ({ key }) => key)).toSorted(),
    readBytes: async key => Buffer.from(await readBody((await diskStore.get(key))?.body)),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

function recordPuts(store: Store, puts: string[]): Store {
  const put = async (...[key, body, options]: Parameters<Store['put']>): Promise<StoredObject> => {
    puts.push(key)
    return await store.put(key, body, options)
  }
  return { ...store, put }
}

async function readBody(body: Blob | ReadableStream<Uint8Array> | undefined): Promise<ArrayBuffer> {
  return await new Response(body ?? null).arrayBuffer()
}
