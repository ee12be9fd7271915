import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store, StoredObject } from '@darkroom/infra/store/store'
import { testDatabase, testDirectory } from '@darkroom/infra/testing/test-resources'
import { moveDeps } from './deps.ts'
import type { MoveDeps } from './migrate-row.ts'

/** A database and a store of their own, and what a backfill needs of them. */
export interface TestGround extends AsyncDisposable {
  deps: MoveDeps
  sql: Database
  databaseUrl: string
  directory: string
  /** Every put, by its key, in the order they came. */
  puts: string[]
  keys(): Promise<string[]>
  bytesOf(key: string): Promise<Buffer>
}

/** @param wrap changes what the store does */
export async function testGround(wrap: (store: Store) => Store = store => store): Promise<TestGround> {
  await using undo = new AsyncDisposableStack()
  const { path: directory } = undo.use(await testDirectory())
  const { url: databaseUrl } = undo.use(await testDatabase())
  const log = createLog({ service: 'test', level: 'silent' })
  const sql = openDatabase({ url: databaseUrl, name: 'test', log })
  undo.defer(() => sql.end({ timeout: 1 }))
  const kept = await openStore({ DATA_DIR: directory })
  const puts: string[] = []
  const store = counting(wrap(kept), puts)
  const rows = openDatabase({ url: databaseUrl, name: 'test-rows', connections: 16, log })
  undo.defer(() => rows.end({ timeout: 1 }))
  const signal = new AbortController().signal
  const deps = moveDeps({ database: sql, rows, store, log, memoryBytes: 64 * 1024 * 1024, signal })
  const owned = undo.move()
  return {
    deps,
    sql,
    databaseUrl,
    directory,
    puts,
    keys: async () => (await Array.fromAsync(kept.list(''))).toSorted(),
    bytesOf: async key => Buffer.from(await bytesIn((await kept.get(key))?.body)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function counting(store: Store, puts: string[]): Store {
  const put = async (...[key, body, options]: Parameters<Store['put']>): Promise<StoredObject> => {
    puts.push(key)
    return await store.put(key, body, options)
  }
  return { ...store, put }
}

async function bytesIn(body: Blob | ReadableStream<Uint8Array> | undefined): Promise<ArrayBuffer> {
  return await new Response(body ?? null).arrayBuffer()
}
