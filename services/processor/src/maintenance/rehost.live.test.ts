import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Generation } from '@darkroom/contracts/generation'
import { objectKeys } from '@darkroom/contracts/previews'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { openStore } from '@darkroom/infra/store/open-store'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { type FakeProviderServer, startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDatabase, createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createTestAdapter } from '../../testing/fake-env.ts'
import { createProcessorMetrics } from '../metrics.ts'
import { openSpool, type Spool } from '../outputs/spool.ts'
import { type RehostDeps, runRehosts } from './rehost.ts'
import { countRehosts, takeRehost } from './rehost-rows.ts'
import { insertTemporaryOutputs, type TemporaryOptions } from './temporary.fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
const WORKSPACE = crypto.randomUUID()
let database: Database
let store: Store
let spool: Spool
let images: ImageDecoder
let fake: FakeProviderServer
let loops: { stop(): Promise<void> }[] = []

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  const directory = stack.use(await createTestDirectory())
  fake = stack.use(await startFakeProvider())
  database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  images = stack.use(openTestDecoder())
  store = await openStore({ DATA_DIR: directory.path })
  spool = await openSpool({ directory: join(directory.path, 'spool') })
})
afterAll(() => stack.disposeAsync())
beforeEach(() => fake.reset())
afterEach(async () => {
  await Promise.all(loops.map(loop => loop.stop()))
  loops = []
  await database`truncate generations, rehosts, object_removals, outbox cascade`
})

test('stores a temporary output once the provider has recovered', async () => {
  fake.setBehavior({ files: { '*': { kind: 'status', status: 500, times: 2 } } })
  const id = await insertTemporary({})
  const before = await read(id)
  const { counts } = startLoop()
  const after = await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'stored')
  expect(fake.requestLog.files.map(({ sent }) => sent)).toEqual(['status', 'status', 'ok'])
  expect(after.outputs[0]).toMatchObject({
    url: `/media/w/${WORKSPACE}/gen/${id}/1-3/0.png`,
    width: 64,
    height: 48,
    mimeType: 'image/png',
    expiresAt: null,
    error: null,
  })
  expect([after.status, after.version]).toEqual(['completed', before.version + 1])
  expect(await countMessages(id)).toBe(1)
  for (const key of await readKeys(id)) expect(await store.head(key)).not.toBeNull()
  expect(await countRehosts(database)).toBe(0)
  expect(await counts()).toMatchObject({ outputs_rehosted_total: 1, outputs_lost_total: 0 })
})

test('an output that needs the key of a connection is not fetched where that is not served, and not lost by it', async () => {
  fake.setBehavior({ files: { '*': { kind: 'status', status: 404 } } })
  const id = await insertTemporary({})
  await database`update generation_outputs set needs_auth = true where generation_id = ${id}`
  startLoop()
  await waitFor('some tries', 60_000, async () => {
    const [row] = await database<{ tries: number }[]>`select tries from rehosts`
    return row === undefined || row.tries > 4
  })
  expect((await read(id)).outputs[0]?.state).toBe('temporary')
  expect(fake.requestLog.files).toEqual([])
})

test('marks an output lost with an error that the provider deleted after its expiry, and the generation stays completed', async () => {
  fake.setBehavior({ files: { '*': { kind: 'status', status: 403 } } })
  const id = await insertTemporary({ expiresIn: -5 })
  const { counts } = startLoop()
  const after = await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'lost')
  expect(after.outputs[0]).toMatchObject({ url: null, error: { code: 'lost' } })
  expect(after.outputs[0]?.error?.message).toContain('deleted by the provider before it could be saved')
  expect([after.status, after.error]).toEqual(['completed', null])
  expect(await countMessages(id)).toBe(1)
  expect(fake.requestLog.files).toHaveLength(1)
  expect(await counts()).toMatchObject({ outputs_rehosted_total: 0, outputs_lost_total: 1 })
})

test('tries a missing output three times before its expiry', async () => {
  fake.setBehavior({ files: { '*': { kind: 'status', status: 404 } } })
  const id = await insertTemporary({})
  startLoop()
  await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'lost')
  expect(fake.requestLog.files).toHaveLength(3)
})

test('stores an output that was missing twice', async () => {
  fake.setBehavior({ files: { '*': { kind: 'status', status: 404, times: 2 } } })
  const id = await insertTemporary({ expiresIn: null })
  startLoop()
  await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('loses an output that only fails an hour after its expiry, or after a week without one', async () => {
  fake.setBehavior({ files: { '*': { kind: 'html' } } })
  const early = [await insertTemporary({ expiresIn: -60 }), await insertTemporary({ expiresIn: null, age: 86_400 })]
  const imported = await insertTemporary({ expiresIn: null, age: 400 * 86_400, isFromCall: false })
  await database`update rehosts set created_at = now() where generation_id = ${imported}`
  await database`update generation_outputs set provider_url = 'http://nowhere.invalid/a.png' where generation_id = ${imported}`
  early.push(imported)
  const late = [
    await insertTemporary({ expiresIn: -7_200 }),
    await insertTemporary({ expiresIn: null, age: 8 * 86_400 }),
  ]
  startLoop()
  for (const id of late) {
    const { outputs } = await waitUntilGeneration(id, ({ outputs: [output] }) => output?.state === 'lost')
    expect(outputs[0]?.error).toMatchObject({ code: 'not_stored', message: expect.stringContaining('not a ') })
  }
  for (const id of early) expect((await read(id)).outputs[0]?.state).toBe('temporary')
})

test('an imported URL reaches no private address, whatever becomes of its generation, and says why it is not saved', async () => {
  const id = await insertTemporary({ isFromCall: false })
  const named = await insertTemporary({ isFromCall: false, expiresIn: null })
  const { url } = fake
  await database`
    update generation_outputs set provider_url = replace(provider_url, '127.0.0.1', 'localhost') where generation_id = ${named}`
  await database`insert into provider_calls (generation_id, call, first_index, count) values (${id}, 0, 0, 1)`
  const adapter = { ...createTestAdapter(fake), download: () => ({ headers: { authorization: 'x' }, origins: [url] }) }
  startLoop({ connections: { find: () => adapter } })
  const after = await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'lost')
  expect(after.outputs[0]?.error).toMatchObject({
    code: 'fetch_refused',
    message: expect.stringMatching(/^The studio does not fetch it: .*(80 and 443|public internet)/),
  })
  const waiting = await waitUntilGeneration(named, ({ outputs }) => outputs[0]?.error !== null)
  expect(waiting.outputs[0]).toMatchObject({ state: 'lost', error: { code: 'fetch_refused' } })
  expect(fake.requestLog.files).toEqual([])
})

test('says of what the studio refuses, cannot reach, and of what is gone, which of them it is', async () => {
  const [refused, away, gone] = [
    await insertTemporary({ expiresIn: null }),
    await insertTemporary({ expiresIn: -7_200 }),
    await insertTemporary({ expiresIn: -7_200 }),
  ]
  const move = (id: string, to: string) =>
    database`update generation_outputs set provider_url = ${to} where generation_id = ${id}`
  await move(refused, 'http://192.168.0.1/a.png')
  await move(away, 'https://nowhere.invalid/a.png')
  fake.setBehavior({ files: { '*': { kind: 'status', status: 410 } } })
  startLoop()
  const errorOf = async (id: string) =>
    (await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.error !== null)).outputs[0]
  // It may be allowed yet: it is the answer of a provider, and stays where it is.
  expect(await errorOf(refused)).toMatchObject({ state: 'temporary', error: { code: 'fetch_refused' } })
  expect(await errorOf(away)).toMatchObject({ state: 'lost', error: { code: 'fetch_failed' } })
  expect(await errorOf(gone)).toMatchObject({ state: 'lost', error: { code: 'lost' } })
})

test('loses nothing while our own store fails', async () => {
  const id = await insertTemporary({ expiresIn: -7_200 })
  let isBroken = true
  const put: Store['put'] = async (...args) => {
    if (isBroken) throw new StoreError('away')
    return await store.put(...args)
  }
  startLoop({ store: { ...store, put } })
  await fake.waitForRequests(log => log.files.length === 3)
  expect((await read(id)).outputs[0]?.state).toBe('temporary')
  isBroken = false
  await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('makes an output due again at once when the process stops in the middle', async () => {
  fake.holdFiles()
  const id = await insertTemporary({})
  const first = startLoop()
  await fake.waitForRequests(log => log.filesInFlight === 1)
  await first.stop()
  // A poll that had begun may have taken the output once more while stopping.
  const [row] = await database`select next_try_at <= now() as due from rehosts where generation_id = ${id}`
  expect({ ...row }).toEqual({ due: true })
  fake.releaseFiles()
  startLoop()
  await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('takes the output of a dead process only after its visibility timeout', async () => {
  const id = await insertTemporary({})
  await database`update rehosts set tries = 1, next_try_at = now() + interval '1 hour'`
  const other = await insertTemporary({})
  startLoop()
  await waitUntilGeneration(other, ({ outputs }) => outputs[0]?.state === 'stored')
  expect((await read(id)).outputs[0]?.state).toBe('temporary')
  await database`update rehosts set next_try_at = now()`
  await waitUntilGeneration(id, ({ outputs }) => outputs[0]?.state === 'stored')
})

test('fetches each file once with two processes', async () => {
  const ids = [await insertTemporary({ outputs: 4 }), await insertTemporary({ outputs: 4 })]
  startLoop()
  startLoop()
  for (const id of ids) await waitUntilGeneration(id, ({ outputs }) => outputs.every(({ state }) => state === 'stored'))
  expect(fake.requestLog.files).toHaveLength(8)
})

test('changes nothing when a rehost comes too late, and removes its objects later', async () => {
  fake.holdFiles()
  const id = await insertTemporary({})
  const { counts } = startLoop()
  await fake.waitForRequests(log => log.filesInFlight === 1)
  await database`update generation_outputs set state = 'stored', key = 'somebody/else.png' where generation_id = ${id}`
  fake.releaseFiles()
  expect(await waitForRemovals()).toEqual(objectKeys(`w/${WORKSPACE}/gen/${id}/1-1/0.png`).toSorted())
  expect(await readKeys(id)).toEqual(['somebody/else.png'])
  expect(await counts()).toMatchObject({ outputs_rehosted_total: 0 })
})

test('leaves nothing of a generation that was purged meanwhile', async () => {
  fake.holdFiles()
  const id = await insertTemporary({})
  startLoop()
  await fake.waitForRequests(log => log.filesInFlight === 1)
  await database`delete from generations where id = ${id}`
  fake.releaseFiles()
  expect(await waitForRemovals()).toHaveLength(3)
})

test('takes nothing in a restored copy until it has taken over', async () => {
  await insertTemporary({})
  await database`update studio set mode = 'restored'`
  expect(await takeRehost(database, 60)).toBeUndefined()
  await takeOver(database)
  expect(await takeRehost(database, 60)).toMatchObject({ state: 'temporary' })
})

test('does not fetch an output that is no longer temporary', async () => {
  const id = await insertTemporary({})
  await database`update generation_outputs set state = 'failed' where generation_id = ${id}`
  startLoop()
  await waitUntil(async () => (await countRehosts(database)) === 0)
  expect(fake.requestLog.files).toHaveLength(0)
})

function startLoop(overrides: Partial<Pick<RehostDeps, 'store' | 'connections'>> = {}) {
  const stopping = new AbortController()
  const registry = createMetrics('test')
  const options = {
    database,
    log,
    metrics: createProcessorMetrics(registry),
    signal: stopping.signal,
    pollMs: 20,
    policy: { ...RETRY_POLICIES.rehost, baseMs: 20 },
  }
  const outputDeps = { images, allowOrigins: [fake.url], budget: createByteBudget(64_000_000), spool }
  const running = runRehosts({ ...options, ...outputDeps, store, ...overrides })
  const stop = async () => {
    stopping.abort(new Error('stopping'))
    await running
  }
  // A counter is incremented after its effect is visible: stopping waits for it.
  const counts = async () => {
    await stop()
    const all = await registry.registry.getMetricsAsJSON()
    return Object.fromEntries(all.map(({ name, values }) => [name, values[0]?.value]))
  }
  const loop = { stop, counts }
  loops.push(loop)
  return loop
}

async function insertTemporary(temporary: Partial<TemporaryOptions>): Promise<string> {
  return await insertTemporaryOutputs(database, fake, { workspaceId: WORKSPACE, ...temporary })
}

async function read(id: string): Promise<Generation> {
  return Generation.parse(JSON.parse((await readGeneration(database, { id, workspaceId: WORKSPACE })) ?? 'null'))
}

async function waitUntilGeneration(id: string, matches: (generation: Generation) => boolean): Promise<Generation> {
  await waitUntil(async () => matches(await read(id)))
  return await read(id)
}

async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
  while (!(await condition())) {
    deadline.throwIfAborted()
    await Bun.sleep(10)
  }
}

async function readKeys(id: string): Promise<string[]> {
  const rows = await database<{ key: string }[]>`select key from generation_outputs where generation_id = ${id}`
  return rows.map(({ key }) => key)
}

async function waitForRemovals(): Promise<string[]> {
  const list = async () => (await database<{ key: string }[]>`select key from object_removals`).map(({ key }) => key)
  await waitUntil(async () => (await list()).length > 0)
  return (await list()).toSorted()
}

async function countMessages(id: string): Promise<number> {
  return (await database`select from outbox where payload ->> 'id' = ${id}`).length
}
