import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Generation } from '@darkroom/contracts/generation'
import { objectsOf } from '@darkroom/contracts/previews'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openStore } from '@darkroom/infra/store/open-store'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import { testDatabase, testDirectory } from '@darkroom/infra/testing/test-resources'
import { createMeasures } from '../metrics.ts'
import { openSpool, type Spool } from '../outputs/spool.ts'
import { runRehosts } from './rehost.ts'
import { countRehosts } from './rehost-rows.ts'
import { insertTemporary, type Temporary } from './temporary.fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
const WORKSPACE = crypto.randomUUID()
// On a busy machine the first start of Postgres takes its time.
const START_MS = 60_000
let database: Database
let store: Store
let spool: Spool
let fake: FakeProviderServer
let loops: { stop(): Promise<void> }[] = []

beforeAll(async () => {
  const { url } = stack.use(await testDatabase())
  const directory = stack.use(await testDirectory())
  fake = stack.use(await startFakeProvider())
  database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  store = await openStore({ DATA_DIR: directory.path })
  spool = await openSpool({ directory: join(directory.path, 'spool') })
}, START_MS)
afterAll(() => stack.disposeAsync())
beforeEach(() => fake.reset())
afterEach(async () => {
  await Promise.all(loops.map(loop => loop.stop()))
  loops = []
  await database`truncate generations, rehosts, object_removals, outbox cascade`
})

test('an output left at its provider is stored once the provider has recovered', async () => {
  fake.set({ files: { '*': { kind: 'status', status: 500, times: 2 } } })
  const id = await leftThere({})
  const before = await read(id)
  const { counts } = startLoop()
  const after = await until(id, ({ outputs }) => outputs[0]?.state === 'stored')
  expect(fake.journal.files.map(({ sent }) => sent)).toEqual(['status', 'status', 'ok'])
  expect(after.outputs[0]).toMatchObject({
    url: `/media/w/${WORKSPACE}/gen/${id}/1-3/0.png`,
    width: 64,
    height: 48,
    mimeType: 'image/png',
    expiresAt: null,
    error: null,
  })
  expect([after.status, after.version]).toEqual(['completed', before.version + 1])
  expect(await announcements(id)).toBe(1)
  for (const key of await keysOf(id)) expect(await store.head(key)).not.toBeNull()
  expect(await countRehosts(database)).toBe(0)
  expect(await counts()).toMatchObject({ outputs_rehosted_total: 1, outputs_lost_total: 0 })
})

test('what the provider deleted after the announced time is lost, in words, and the generation stays completed', async () => {
  fake.set({ files: { '*': { kind: 'status', status: 403 } } })
  const id = await leftThere({ expiresIn: -5 })
  const { counts } = startLoop()
  const after = await until(id, ({ outputs }) => outputs[0]?.state === 'lost')
  expect(after.outputs[0]).toMatchObject({ url: null, error: { code: 'lost' } })
  expect(after.outputs[0]?.error?.message).toContain('deleted by the provider before it could be saved')
  expect([after.status, after.error]).toEqual(['completed', null])
  expect(await announcements(id)).toBe(1)
  expect(fake.journal.files).toHaveLength(1)
  expect(await counts()).toMatchObject({ outputs_rehosted_total: 0, outputs_lost_total: 1 })
})

test('what is not there before its time is asked for three times', async () => {
  fake.set({ files: { '*': { kind: 'status', status: 404 } } })
  const id = await leftThere({})
  startLoop()
  await until(id, ({ outputs }) => outputs[0]?.state === 'lost')
  expect(fake.journal.files).toHaveLength(3)
})

test('what was not there twice and then is, is stored', async () => {
  fake.set({ files: { '*': { kind: 'status', status: 404, times: 2 } } })
  const id = await leftThere({ expiresIn: null })
  startLoop()
  await until(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('an address that only fails is lost well past its expiry, and one without an expiry after a week', async () => {
  fake.set({ files: { '*': { kind: 'html' } } })
  const early = [await leftThere({ expiresIn: -60 }), await leftThere({ expiresIn: null, age: 86_400 })]
  const late = [await leftThere({ expiresIn: -7_200 }), await leftThere({ expiresIn: null, age: 8 * 86_400 })]
  startLoop()
  for (const id of late) await until(id, ({ outputs }) => outputs[0]?.state === 'lost')
  for (const id of early) expect((await read(id)).outputs[0]?.state).toBe('temporary')
})

test('as long as our own store fails nothing is lost', async () => {
  const id = await leftThere({ expiresIn: -7_200 })
  let isBroken = true
  const put: Store['put'] = async (...args) => {
    if (isBroken) throw new StoreError('away')
    return await store.put(...args)
  }
  startLoop({ store: { ...store, put } })
  await fake.until(journal => journal.files.length === 3)
  expect((await read(id)).outputs[0]?.state).toBe('temporary')
  isBroken = false
  await until(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('one that is stopped in the middle is due again at once', async () => {
  fake.holdFiles()
  const id = await leftThere({})
  const first = startLoop()
  await fake.until(journal => journal.filesInFlight === 1)
  await first.stop()
  // A look that had begun may have taken it once more on the way out.
  const [row] = await database`select next_try_at <= now() as due from rehosts where generation_id = ${id}`
  expect({ ...row }).toEqual({ due: true })
  fake.releaseFiles()
  startLoop()
  await until(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('one whose process died is not taken before its time, and then by another', async () => {
  const id = await leftThere({})
  await database`update rehosts set tries = 1, next_try_at = now() + interval '1 hour'`
  const other = await leftThere({})
  startLoop()
  await until(other, ({ outputs }) => outputs[0]?.state === 'stored')
  expect((await read(id)).outputs[0]?.state).toBe('temporary')
  await database`update rehosts set next_try_at = now()`
  await until(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('two processes fetch each file once', async () => {
  const ids = [await leftThere({ outputs: 4 }), await leftThere({ outputs: 4 })]
  startLoop()
  startLoop()
  for (const id of ids) await until(id, ({ outputs }) => outputs.every(({ state }) => state === 'stored'))
  expect(fake.journal.files).toHaveLength(8)
})

test('what comes too late changes nothing, and its objects are removed later', async () => {
  fake.holdFiles()
  const id = await leftThere({})
  const { counts } = startLoop()
  await fake.until(journal => journal.filesInFlight === 1)
  await database`update generation_outputs set state = 'stored', key = 'somebody/else.png' where generation_id = ${id}`
  fake.releaseFiles()
  expect(await removalsListed()).toEqual(objectsOf(`w/${WORKSPACE}/gen/${id}/1-1/0.png`).toSorted())
  expect(await keysOf(id)).toEqual(['somebody/else.png'])
  expect(await counts()).toMatchObject({ outputs_rehosted_total: 0 })
})

test('of a generation that was purged meanwhile nothing is left', async () => {
  fake.holdFiles()
  const id = await leftThere({})
  startLoop()
  await fake.until(journal => journal.filesInFlight === 1)
  await database`delete from generations where id = ${id}`
  fake.releaseFiles()
  expect(await removalsListed()).toHaveLength(3)
})

test('an output that is not at its provider any more is not asked for', async () => {
  const id = await leftThere({})
  await database`update generation_outputs set state = 'failed' where generation_id = ${id}`
  startLoop()
  await becomes(async () => (await countRehosts(database)) === 0)
  expect(fake.journal.files).toHaveLength(0)
})

function startLoop(unusual: { store?: Store } = {}) {
  const stopping = new AbortController()
  const measured = createMetrics('test')
  const options = { database, log, measures: createMeasures(measured), signal: stopping.signal, pollMs: 20, baseMs: 20 }
  const keeping = { allowOrigins: [fake.url], budget: createByteBudget(64_000_000), spool }
  const running = runRehosts({ ...options, ...keeping, store: unusual.store ?? store })
  const stop = async () => {
    stopping.abort(new Error('stopping'))
    await running
  }
  // A count rises after what is counted can be seen.
  const counts = async () => {
    await stop()
    const all = await measured.registry.getMetricsAsJSON()
    return Object.fromEntries(all.map(({ name, values }) => [name, values[0]?.value]))
  }
  const loop = { stop, counts }
  loops.push(loop)
  return loop
}

async function leftThere(temporary: Partial<Temporary>): Promise<string> {
  return await insertTemporary(database, fake, { workspaceId: WORKSPACE, ...temporary })
}

async function read(id: string): Promise<Generation> {
  return Generation.parse(JSON.parse((await readGeneration(database, { id, workspaceId: WORKSPACE })) ?? 'null'))
}

async function until(id: string, matches: (generation: Generation) => boolean): Promise<Generation> {
  await becomes(async () => matches(await read(id)))
  return await read(id)
}

async function becomes(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(15_000)
  while (!(await isSo())) {
    deadline.throwIfAborted()
    await Bun.sleep(10)
  }
}

async function keysOf(id: string): Promise<string[]> {
  const rows = await database<{ key: string }[]>`select key from generation_outputs where generation_id = ${id}`
  return rows.map(({ key }) => key)
}

async function removalsListed(): Promise<string[]> {
  const list = async () => (await database<{ key: string }[]>`select key from object_removals`).map(({ key }) => key)
  await becomes(async () => (await list()).length > 0)
  return (await list()).toSorted()
}

async function announcements(id: string): Promise<number> {
  return (await database`select from outbox where payload ->> 'id' = ${id}`).length
}
