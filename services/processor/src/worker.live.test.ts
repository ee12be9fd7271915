import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { jobSubject } from '@darkroom/contracts/subjects'
import type { FakeProviderServer } from '@darkroom/infra/testing/fake-provider/fake-server'
import { createFakeProvider } from '../testing/fake-provider.ts'
import { type Provider, ProviderError, type ProviderOutput } from './providers/provider.ts'
import { openWorkRoom, type WorkRoom } from './worker-env.fixture.ts'

let room: WorkRoom
let fake: FakeProviderServer

beforeAll(async () => {
  room = await openWorkRoom()
  fake = room.fake
})
afterAll(() => room[Symbol.asyncDispose]())
beforeEach(() => fake.reset())
afterEach(() => room.stopWorkers())

test('of four outputs one whose file never comes is temporary, three are stored, and three are fetched at once', async () => {
  fake.set({ fileDelayMs: 300, files: { 2: { kind: 'status' } } })
  await room.startWorker({ uploadConcurrency: 3 })
  const generation = await room.made({ outputs: 4 })
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'temporary', 'stored'])
  expect(generation.outputs[2]?.url).toBe(`/media/remote/${generation.id}/2`)
  expect(fake.journal.maxFilesInFlight).toBe(3)
  expect(fake.journal.submits).toHaveLength(1)
  for (const output of generation.outputs.filter(({ state }) => state === 'stored')) {
    expect(output).toMatchObject({ width: 64, height: 64, mimeType: 'image/png' })
    expect(output.placeholder?.length).toBeGreaterThan(8)
    const keys = [output.url, output.previewUrl, output.previewUrl?.replace('.w960.', '.w320.')]
    for (const key of keys) expect(await room.store.head(key?.slice('/media/'.length) ?? '')).not.toBeNull()
    expect((await room.store.head(output.url?.slice('/media/'.length) ?? ''))?.bytes).toBe(output.bytes ?? -1)
  }
  expect(await room.history(generation.id)).toEqual([
    'queued→processing',
    'processing→uploading',
    'uploading→completed',
  ])
})

test('the upload stage stands while files are on their way and is gone when all have settled', async () => {
  fake.holdFiles()
  await room.startWorker({ uploadConcurrency: 2 })
  const id = await room.queue({ outputs: 3 })
  await fake.until(journal => journal.filesInFlight === 2)
  expect(await stageOf(id)).toBe('storage:upload-batch:heartbeat')
  fake.releaseFiles()
  await room.ended(id)
  expect(await stageOf(id)).toBeNull()
})

test('bytes are stored as they are, and outputs of ten are asked for in calls of four', async () => {
  await room.startWorker()
  const bytes = await room.made({ model: 'fake-bytes', outputs: 2 })
  expect(bytes.outputs.map(({ state }) => state)).toEqual(['stored', 'stored'])
  fake.reset()
  const many = await room.made({ outputs: 10 })
  expect(many.outputs.every(({ state }) => state === 'stored')).toBe(true)
  expect(fake.journal.submits.map(({ indices }) => indices).toSorted()).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ])
})

test('outputs that come one at a time are stored as they come, while processing', async () => {
  fake.set({ oneAtATime: true, readyOutputs: 1 })
  await room.startWorker()
  const id = await room.queue({ outputs: 3 })
  const early = await room.until(id, generation => generation.outputs[0]?.state === 'stored')
  expect([early.status, early.outputs[1]?.state]).toEqual(['processing', 'pending'])
  fake.set({ readyOutputs: null })
  expect((await room.ended(id)).outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
})

test('a long wait gives the slot back, and the request id is asked about, never submitted again', async () => {
  fake.set({ readyOutputs: 0, lookAgainSeconds: 1.2 })
  await room.startWorker({ slots: 1 })
  const slow = await room.queue({ outputs: 1 })
  await fake.until(journal => journal.checks.length > 0)
  fake.set({ readyOutputs: null })
  const quick = await room.made({ model: 'fake-bytes' })
  expect(quick.status).toBe('completed')
  const generation = await room.ended(slow)
  expect(generation.status).toBe('completed')
  expect(generation.attempt).toBeGreaterThan(1)
  expect(fake.journal.submits.filter(({ model }) => model === 'fake-image')).toHaveLength(1)
  expect(await room.history(slow)).toEqual(['queued→processing', 'processing→uploading', 'uploading→completed'])
})

test('refusals, failures and nonsense end in words for a person', async () => {
  const cases: [Parameters<FakeProviderServer['set']>[0], string][] = [
    [{ failure: { code: 'content_refused', message: 'raw words of the provider' } }, 'content_refused'],
    [{ output: 'null' }, 'no_outputs'],
    [{ submit: { kind: 'status', status: 400 } }, 'provider_refused'],
    [{ submit: { kind: 'reset' } }, 'unknown_outcome'],
  ]
  await room.startWorker()
  for (const [behaviour] of cases) {
    fake.reset()
    fake.set(behaviour)
    const generation = await room.made({ outputs: 2 })
    expect(generation.status).toBe('failed')
    expect(generation.outputs.map(({ state }) => state)).toEqual(['failed', 'failed'])
    expect(generation.error?.message.length).toBeGreaterThan(15)
    expect(JSON.stringify(generation)).not.toContain('raw words')
    expect(fake.journal.submits.length).toBeLessThanOrEqual(1)
  }
})

test('a provider that is busy for a moment is asked again, and fewer outputs than asked for still complete', async () => {
  fake.set({ submit: { kind: 'status', status: 429, retryAfter: '1', times: 1 }, output: 'fewer' })
  await room.startWorker()
  const generation = await room.made({ outputs: 3 })
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
  await room.startWorker({ uploadConcurrency: 1, providers: [{ ...real, submit }] })
  const generation = await room.made({ model: 'fake-bytes', outputs: 4 })
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'failed', 'failed'])
  expect(generation.outputs[2]?.error?.code).toBe('provider_failed')
  expect(fake.journal.submits).toHaveLength(1)
})

async function* brokenAfter(outputs: AsyncIterable<ProviderOutput>, count: number): AsyncGenerator<ProviderOutput> {
  let given = 0
  for await (const output of outputs) {
    if (given++ === count)
      throw new ProviderError('provider_failed', { message: 'The provider broke off in the middle.' })
    yield output
  }
}

test('work that is stopped is handed back with its request id and taken up by the next worker', async () => {
  fake.holdFiles()
  const first = await room.startWorker({ uploadConcurrency: 2 })
  const id = await room.queue({ outputs: 3 })
  await fake.until(journal => journal.filesInFlight === 2)
  await first.stop()
  const handedBack = await room.read(id)
  expect(handedBack.outputs.map(({ state }) => state)).toEqual(['saving', 'saving', 'saving'])
  fake.releaseFiles()
  await room.startWorker()
  const generation = await room.ended(id)
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
  expect(fake.journal.submits).toHaveLength(1)
})

test('poison is discarded and keeps nobody waiting', async () => {
  await room.startWorker({ slots: 1 })
  const subject = jobSubject('fake')
  const poison = [
    {},
    { v: 2, type: 'generation.queued', id: 'x' },
    { v: 1, type: 'generation.queued', id: crypto.randomUUID() },
  ]
  for (const message of poison) await room.bus.publish(subject, message as never, crypto.randomUUID())
  expect((await room.made({})).status).toBe('completed')
})

test('the same message many times is one piece of work', async () => {
  await room.startWorker({ slots: 3 })
  fake.set({ delayMs: 200 })
  const id = await room.queue({ outputs: 2 })
  await Promise.all(Array.from({ length: 5 }, () => room.announce(id)))
  expect((await room.ended(id)).status).toBe('completed')
  expect(fake.journal.submits).toHaveLength(1)
  expect(fake.journal.files).toHaveLength(2)
})

async function stageOf(id: string): Promise<string | null> {
  const [row] = await room.database<
    { stage: string | null }[]
  >`select stage from generation_jobs where generation_id = ${id}`
  return row?.stage ?? null
}
