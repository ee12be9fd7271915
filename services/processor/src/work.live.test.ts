import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Generation } from '@darkroom/contracts/generation'
import { jobSubject } from '@darkroom/contracts/subjects'
import { type Bus, openBus } from '@darkroom/infra/bus'
import { openDatabase } from '@darkroom/infra/database'
import { readGeneration } from '@darkroom/infra/generations'
import { createLog } from '@darkroom/infra/log'
import { openStore } from '@darkroom/infra/open-store'
import type { Store } from '@darkroom/infra/store'
import { testDatabase, testDirectory, testNats } from '@darkroom/infra/testing'
import { createByteBudget } from './byte-budget.ts'
import { publishModels } from './models.ts'
import { createFakeProvider } from './providers/fake.ts'
import { type FakeProviderServer, startFakeProvider } from './providers/fake-server.ts'
import { type Provider, ProviderError, type ProviderOutput } from './providers/provider.ts'
import { insertQueued, type Queued } from './queued.fixture.ts'
import { openSpool, type Spool } from './spool.ts'
import { work } from './work.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
const WORKSPACE = crypto.randomUUID()
let database: ReturnType<typeof openDatabase>
let bus: Bus
let store: Store
let spool: Spool
let fake: FakeProviderServer
let workers: { stop(): Promise<void> }[] = []

beforeAll(async () => {
  const { url } = stack.use(await testDatabase())
  const nats = stack.use(await testNats())
  const directory = stack.use(await testDirectory())
  fake = stack.use(await startFakeProvider())
  database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
  bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  store = await openStore({ DATA_DIR: directory.path })
  spool = await openSpool({ directory: join(directory.path, 'spool') })
})
afterAll(() => stack.disposeAsync())
beforeEach(() => fake.reset())
afterEach(async () => {
  await Promise.all(workers.map(worker => worker.stop()))
  workers = []
})

test('of four outputs one whose file never comes is temporary, three are stored, and three are fetched at once', async () => {
  fake.set({ fileDelayMs: 300, files: { 2: { kind: 'status' } } })
  await startWorker({ uploadConcurrency: 3 })
  const generation = await made({ outputs: 4 })
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'temporary', 'stored'])
  expect(generation.outputs[2]?.url).toBe(`/media/remote/${generation.id}/2`)
  expect(fake.journal.maxFilesInFlight).toBe(3)
  expect(fake.journal.submits).toHaveLength(1)
  for (const output of generation.outputs.filter(({ state }) => state === 'stored')) {
    expect(output).toMatchObject({ width: 64, height: 64, mimeType: 'image/png' })
    expect(output.placeholder?.length).toBeGreaterThan(8)
    const keys = [output.url, output.previewUrl, output.previewUrl?.replace('.w960.', '.w320.')]
    for (const key of keys) expect(await store.head(key?.slice('/media/'.length) ?? '')).not.toBeNull()
    expect((await store.head(output.url?.slice('/media/'.length) ?? ''))?.bytes).toBe(output.bytes ?? -1)
  }
  expect(await history(generation.id)).toEqual(['queued→processing', 'processing→uploading', 'uploading→completed'])
})

test('the upload stage stands while files are on their way and is gone when all have settled', async () => {
  fake.holdFiles()
  await startWorker({ uploadConcurrency: 2 })
  const id = await queue({ outputs: 3 })
  await fake.until(journal => journal.filesInFlight === 2)
  expect(await stageOf(id)).toBe('storage:upload-batch:heartbeat')
  fake.releaseFiles()
  await ended(id)
  expect(await stageOf(id)).toBeNull()
})

test('bytes are stored as they are, and outputs of ten are asked for in calls of four', async () => {
  await startWorker()
  const bytes = await made({ model: 'fake-bytes', outputs: 2 })
  expect(bytes.outputs.map(({ state }) => state)).toEqual(['stored', 'stored'])
  fake.reset()
  const many = await made({ outputs: 10 })
  expect(many.outputs.every(({ state }) => state === 'stored')).toBe(true)
  expect(fake.journal.submits.map(({ indices }) => indices).toSorted()).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ])
})

test('outputs that come one at a time are stored as they come, while processing', async () => {
  fake.set({ oneAtATime: true, readyOutputs: 1 })
  await startWorker()
  const id = await queue({ outputs: 3 })
  const early = await until(id, generation => generation.outputs[0]?.state === 'stored')
  expect([early.status, early.outputs[1]?.state]).toEqual(['processing', 'pending'])
  fake.set({ readyOutputs: null })
  expect((await ended(id)).outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
})

test('a long wait gives the slot back, and the request id is asked about, never submitted again', async () => {
  fake.set({ readyOutputs: 0, lookAgainSeconds: 1.2 })
  await startWorker({ slots: 1 })
  const slow = await queue({ outputs: 1 })
  await fake.until(journal => journal.checks.length > 0)
  fake.set({ readyOutputs: null })
  const quick = await made({ model: 'fake-bytes' })
  expect(quick.status).toBe('completed')
  const generation = await ended(slow)
  expect(generation.status).toBe('completed')
  expect(generation.attempt).toBeGreaterThan(1)
  expect(fake.journal.submits.filter(({ model }) => model === 'fake-image')).toHaveLength(1)
  expect(await history(slow)).toEqual(['queued→processing', 'processing→uploading', 'uploading→completed'])
})

test('refusals, failures and nonsense end in words for a person', async () => {
  const cases: [Parameters<FakeProviderServer['set']>[0], string][] = [
    [{ failure: { code: 'content_refused', message: 'raw words of the provider' } }, 'content_refused'],
    [{ output: 'null' }, 'no_outputs'],
    [{ submit: { kind: 'status', status: 400 } }, 'provider_refused'],
    [{ submit: { kind: 'reset' } }, 'unknown_outcome'],
  ]
  await startWorker()
  for (const [behaviour] of cases) {
    fake.reset()
    fake.set(behaviour)
    const generation = await made({ outputs: 2 })
    expect(generation.status).toBe('failed')
    expect(generation.outputs.map(({ state }) => state)).toEqual(['failed', 'failed'])
    expect(generation.error?.message.length).toBeGreaterThan(15)
    expect(JSON.stringify(generation)).not.toContain('raw words')
    expect(fake.journal.submits.length).toBeLessThanOrEqual(1)
  }
})

test('a provider that is busy for a moment is asked again, and fewer outputs than asked for still complete', async () => {
  fake.set({ submit: { kind: 'status', status: 429, retryAfter: '1', times: 1 }, output: 'fewer' })
  await startWorker()
  const generation = await made({ outputs: 3 })
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'failed'])
})

test('what came before a call failed is kept, only the rest is failed', async () => {
  const real = createFakeProvider({ url: fake.url })
  const submit: Provider['submit'] = async (request, options) => {
    const submitted = await real.submit(request, options)
    if (submitted.kind !== 'outputs') throw new Error('bytes were asked for')
    return { kind: 'outputs', outputs: brokenAfter(submitted.outputs, 2) }
  }
  await startWorker({ uploadConcurrency: 1, provider: { ...real, submit } })
  const generation = await made({ model: 'fake-bytes', outputs: 4 })
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'failed', 'failed'])
  expect(generation.outputs[2]?.error?.code).toBe('broke')
  expect(fake.journal.submits).toHaveLength(1)
})

async function* brokenAfter(outputs: AsyncIterable<ProviderOutput>, count: number): AsyncGenerator<ProviderOutput> {
  let given = 0
  for await (const output of outputs) {
    if (given++ === count) throw new ProviderError('broke', 'The provider broke off in the middle.', 'permanent')
    yield output
  }
}

test('work that is stopped is handed back with its request id and taken up by the next worker', async () => {
  fake.holdFiles()
  const first = await startWorker({ uploadConcurrency: 2 })
  const id = await queue({ outputs: 3 })
  await fake.until(journal => journal.filesInFlight === 2)
  await first.stop()
  const handedBack = await read(id)
  expect(handedBack.outputs.map(({ state }) => state)).toEqual(['saving', 'saving', 'saving'])
  fake.releaseFiles()
  await startWorker()
  const generation = await ended(id)
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
  expect(fake.journal.submits).toHaveLength(1)
})

test('poison is discarded and keeps nobody waiting', async () => {
  await startWorker({ slots: 1 })
  const subject = jobSubject('fake')
  const poison = [
    {},
    { v: 2, type: 'generation.queued', id: 'x' },
    { v: 1, type: 'generation.queued', id: crypto.randomUUID() },
  ]
  for (const message of poison) await bus.publish(subject, message as never, crypto.randomUUID())
  expect((await made({})).status).toBe('completed')
})

test('the same message many times is one piece of work', async () => {
  await startWorker({ slots: 3 })
  fake.set({ delayMs: 200 })
  const id = await queue({ outputs: 2 })
  await Promise.all(Array.from({ length: 5 }, () => announce(id)))
  expect((await ended(id)).status).toBe('completed')
  expect(fake.journal.submits).toHaveLength(1)
  expect(fake.journal.files).toHaveLength(2)
})

async function startWorker(options: { uploadConcurrency?: number; slots?: number; provider?: Provider } = {}) {
  const providers = [options.provider ?? createFakeProvider({ url: fake.url })]
  const stopping = new AbortController()
  const giveBack = new AbortController()
  const catalogue = await publishModels({ database, providers, signal: stopping.signal })
  const working = work({
    database,
    bus,
    store,
    log,
    providers,
    catalogue,
    allowOrigins: [fake.url],
    budget: createByteBudget(64_000_000),
    spool,
    slots: options.slots ?? 2,
    uploadConcurrency: options.uploadConcurrency ?? 3,
    leaseSeconds: 5,
    maxSeconds: 60,
    stopping: stopping.signal,
    giveBack: giveBack.signal,
  })
  const stop = async () => {
    stopping.abort(new Error('stopping'))
    giveBack.abort(new Error('stopping'))
    await working
  }
  const worker = { stop }
  workers.push(worker)
  return worker
}

async function queue(queued: Queued): Promise<string> {
  const id = await insertQueued(database, { ...queued, workspaceId: WORKSPACE })
  await announce(id)
  return id
}

async function announce(id: string): Promise<void> {
  await bus.publish(jobSubject('fake'), { v: 1, type: 'generation.queued', id }, crypto.randomUUID())
}

async function made(queued: Queued): Promise<Generation> {
  return await ended(await queue(queued))
}

async function ended(id: string): Promise<Generation> {
  return await until(id, ({ status }) => ['completed', 'failed', 'cancelled'].includes(status))
}

async function until(id: string, matches: (generation: Generation) => boolean): Promise<Generation> {
  const deadline = AbortSignal.timeout(15_000)
  for (;;) {
    const generation = await read(id)
    if (matches(generation)) return generation
    deadline.throwIfAborted()
    await Bun.sleep(20)
  }
}

async function read(id: string): Promise<Generation> {
  return Generation.parse(JSON.parse((await readGeneration(database, { id, workspaceId: WORKSPACE })) ?? 'null'))
}

async function stageOf(id: string): Promise<string | null> {
  const [row] = await database<
    { stage: string | null }[]
  >`select stage from generation_jobs where generation_id = ${id}`
  return row?.stage ?? null
}

async function history(id: string): Promise<string[]> {
  const rows = await database<{ move: string }[]>`
    select from_status || '→' || to_status as move from generation_events where generation_id = ${id} order by id`
  return rows.map(({ move }) => move)
}
