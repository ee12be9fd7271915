import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { hostname } from 'node:os'
import { jobSubject } from '@darkroom/contracts/subjects'
import type { FakeProviderServer } from '@darkroom/infra/testing/fake-provider/fake-server'
import { createFakeAdapter } from '../testing/fake-adapter.ts'
import { ProviderError, type ProviderOutput } from './providers/adapter.ts'
import { openWorkerEnv, type WorkerEnv } from './worker-env.fixture.ts'

let env: WorkerEnv
let fake: FakeProviderServer

beforeAll(async () => {
  env = await openWorkerEnv()
  fake = env.fake
})
afterAll(() => env[Symbol.asyncDispose]())
beforeEach(() => fake.reset())
afterEach(() => env.stopWorkers())

test('marks the one of four outputs temporary whose file cannot be fetched, stores the others, and fetches three at once', async () => {
  fake.setBehavior({ holdFiles: true, files: { 2: { kind: 'status' } } })
  await env.startWorker({ uploadConcurrency: 3 })
  const id = await env.queue({ outputs: 4 })
  await fake.waitForRequests(log => log.filesInFlight === 3)
  fake.releaseFiles()
  const generation = await env.waitUntilEnded(id)
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'temporary', 'stored'])
  expect(generation.outputs[2]?.url).toBe(`/media/remote/${generation.id}/2`)
  expect(fake.requestLog.maxFilesInFlight).toBe(3)
  expect(fake.requestLog.submits).toHaveLength(1)
  for (const output of generation.outputs.filter(({ state }) => state === 'stored')) {
    expect(output).toMatchObject({ width: 64, height: 64, mimeType: 'image/png' })
    expect(output.placeholder?.length).toBeGreaterThan(8)
    const keys = [output.url, output.previewUrl, output.previewUrl?.replace('.w960.', '.w320.')]
    for (const key of keys) expect(await env.store.head(key?.slice('/media/'.length) ?? '')).not.toBeNull()
    expect((await env.store.head(output.url?.slice('/media/'.length) ?? ''))?.bytes).toBe(output.bytes ?? -1)
  }
  expect(await env.readTransitions(generation.id)).toEqual([
    'queued→processing',
    'processing→uploading',
    'uploading→completed',
  ])
})

test('sets the upload stage while files are in flight, names its host in the lease, and clears both when all have settled', async () => {
  fake.holdFiles()
  await env.startWorker({ uploadConcurrency: 2 })
  const id = await env.queue({ outputs: 3 })
  await fake.waitForRequests(log => log.filesInFlight === 2)
  expect(await readStage(id)).toBe('storage:upload-batch:heartbeat')
  expect(await readOwner(id)).toBe(`${hostname()}-${process.pid}`)
  fake.releaseFiles()
  await env.waitUntilEnded(id)
  expect([await readStage(id), await readOwner(id)]).toEqual([null, null])
})

test('stores outputs that come as bytes, and splits ten outputs into calls of four', async () => {
  await env.startWorker()
  const bytes = await env.queueAndWait({ model: 'fake-bytes', outputs: 2 })
  expect(bytes.outputs.map(({ state }) => state)).toEqual(['stored', 'stored'])
  fake.reset()
  const many = await env.queueAndWait({ outputs: 10 })
  expect(many.outputs.every(({ state }) => state === 'stored')).toBe(true)
  expect(fake.requestLog.submits.map(({ indices }) => indices).toSorted()).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ])
})

test('stores outputs one by one as they are made, while the generation is processing', async () => {
  fake.setBehavior({ oneAtATime: true, readyOutputs: 1 })
  await env.startWorker()
  const id = await env.queue({ outputs: 3 })
  const early = await env.waitUntil(id, generation => generation.outputs[0]?.state === 'stored')
  expect([early.status, early.outputs[1]?.state]).toEqual(['processing', 'pending'])
  fake.setBehavior({ readyOutputs: null })
  expect((await env.waitUntilEnded(id)).outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
})

test('frees the slot during a long wait, and polls the request id instead of submitting again', async () => {
  fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 1.2 })
  await env.startWorker({ slots: 1 })
  const slow = await env.queue({ outputs: 1 })
  await fake.waitForRequests(log => log.checks.length > 0)
  fake.setBehavior({ readyOutputs: null })
  const quick = await env.queueAndWait({ model: 'fake-bytes' })
  expect(quick.status).toBe('completed')
  const generation = await env.waitUntilEnded(slow)
  expect(generation.status).toBe('completed')
  expect(generation.attempt).toBeGreaterThan(1)
  expect(fake.requestLog.submits.filter(({ model }) => model === 'fake-image')).toHaveLength(1)
  expect(await env.readTransitions(slow)).toEqual(['queued→processing', 'processing→uploading', 'uploading→completed'])
})

test('ends refusals, failures and invalid responses with a message of our own for the user', async () => {
  const cases: [Parameters<FakeProviderServer['setBehavior']>[0], string][] = [
    [{ failure: { code: 'content_refused', message: 'raw words of the provider' } }, 'content_refused'],
    [{ output: 'null' }, 'no_outputs'],
    [{ submit: { kind: 'status', status: 400 } }, 'provider_refused'],
    [{ submit: { kind: 'reset' } }, 'unknown_outcome'],
  ]
  await env.startWorker()
  for (const [behavior] of cases) {
    fake.reset()
    fake.setBehavior(behavior)
    const generation = await env.queueAndWait({ outputs: 2 })
    expect(generation.status).toBe('failed')
    expect(generation.outputs.map(({ state }) => state)).toEqual(['failed', 'failed'])
    expect(generation.error?.message.length).toBeGreaterThan(15)
    expect(JSON.stringify(generation)).not.toContain('raw words')
    expect(fake.requestLog.submits.length).toBeLessThanOrEqual(1)
  }
})

test('retries after a rate limit, and completes a generation with fewer outputs than requested', async () => {
  fake.setBehavior({ submit: { kind: 'status', status: 429, retryAfter: '1', times: 1 }, output: 'fewer' })
  await env.startWorker()
  const generation = await env.queueAndWait({ outputs: 3 })
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'failed'])
})

test('stores the outputs that came before a call failed, and fails only the rest', async () => {
  const real = createFakeAdapter({ url: fake.url })
  const { submitting } = real
  if (submitting.kind !== 'remote') throw new Error('expected a remote provider')
  const readAnswer: typeof submitting.readAnswer = async (...args) => {
    const read = await submitting.readAnswer(...args)
    if (read.kind !== 'outputs') throw new Error(`expected outputs, not ${read.kind}`)
    return { kind: 'outputs', outputs: failAfter(read.outputs, 2) }
  }
  await env.startWorker({ uploadConcurrency: 1, adapters: [{ ...real, submitting: { ...submitting, readAnswer } }] })
  const generation = await env.queueAndWait({ model: 'fake-bytes', outputs: 4 })
  expect(generation.status).toBe('completed')
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'failed', 'failed'])
  expect(generation.outputs[2]?.error?.code).toBe('provider_failed')
  expect(fake.requestLog.submits).toHaveLength(1)
})

async function* failAfter(outputs: AsyncIterable<ProviderOutput>, count: number): AsyncGenerator<ProviderOutput> {
  let given = 0
  for await (const output of outputs) {
    if (given++ === count)
      throw new ProviderError('provider_failed', { message: 'The provider broke off in the middle.' })
    yield output
  }
}

test('releases a job with its request id on stopping, and the next worker resumes it', async () => {
  fake.holdFiles()
  const first = await env.startWorker({ uploadConcurrency: 2 })
  const id = await env.queue({ outputs: 3 })
  await fake.waitForRequests(log => log.filesInFlight === 2)
  await first.stop()
  const released = await env.read(id)
  expect(released.outputs.map(({ state }) => state)).toEqual(['saving', 'saving', 'saving'])
  fake.releaseFiles()
  await env.startWorker()
  const generation = await env.waitUntilEnded(id)
  expect(generation.outputs.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
  expect(fake.requestLog.submits).toHaveLength(1)
})

test('discards malformed messages without blocking the next job', async () => {
  await env.startWorker({ slots: 1 })
  const subject = jobSubject('fake')
  const poison = [
    {},
    { v: 2, type: 'generation.queued', id: 'x' },
    { v: 1, type: 'generation.queued', id: crypto.randomUUID() },
  ]
  for (const message of poison) await env.bus.publish(subject, message as never, crypto.randomUUID())
  expect((await env.queueAndWait({})).status).toBe('completed')
})

test('works on a generation once although its message comes many times', async () => {
  await env.startWorker({ slots: 3 })
  fake.setBehavior({ delayMs: 200 })
  const id = await env.queue({ outputs: 2 })
  await Promise.all(Array.from({ length: 5 }, () => env.publishJob(id)))
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(fake.requestLog.submits).toHaveLength(1)
  expect(fake.requestLog.files).toHaveLength(2)
})

async function readOwner(id: string): Promise<string | null> {
  const [row] = await env.database<
    { owner: string | null }[]
  >`select lease_owner as owner from generation_jobs where generation_id = ${id}`
  return row?.owner ?? null
}

async function readStage(id: string): Promise<string | null> {
  const [row] = await env.database<
    { stage: string | null }[]
  >`select stage from generation_jobs where generation_id = ${id}`
  return row?.stage ?? null
}
