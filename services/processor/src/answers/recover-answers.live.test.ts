import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { createLog } from '@darkroom/infra/log'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createFakeAdapter } from '../../testing/fake-adapter.ts'
import { ProviderError } from '../providers/adapter.ts'
import { createDemoAdapter } from '../providers/demo/demo-adapter.ts'
import { cancelAsUser, retryAsUser } from '../queue/user-actions.fixture.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import {
  callOf,
  createBytesAnswer,
  failGeneration,
  insertOpenCall,
  submitDirectly,
  writeAnswer,
} from './answers.fixture.ts'
import { openJournal } from './journal.ts'

/** Answers that are in the journal are stored, whatever their rows and processes went through. */

const WAIT_MS = 60_000
let env: WorkerEnv

useWorkerEnv(opened => {
  env = opened
})

test('stores bytes from the journal that the store did not take, once it is back, with one bill', async () => {
  const outage = { isOver: false, puts: 0 }
  const put: typeof env.store.put = async (...args) => {
    if (!outage.isOver) outage.puts++
    if (!outage.isOver) throw new Error('the store is away')
    return await env.store.put(...args)
  }
  await env.startWorker({ store: { ...env.store, put } })
  const id = await env.queue({ model: 'fake-bytes', outputs: 3 })
  const waiting = await env.waitUntil(id, ({ waiting }) => waiting?.reason === 'storage-down')
  expect([waiting.status, waiting.outputs.map(({ state }) => state)]).toEqual([
    'uploading',
    ['saving', 'saving', 'saving'],
  ])
  outage.isOver = true
  const made = await env.waitUntilEnded(id)
  expect([made.status, made.waiting, made.outputs.map(({ state }) => state)]).toEqual([
    'completed',
    null,
    ['stored', 'stored', 'stored'],
  ])
  expect(outage.puts).toBeGreaterThan(0)
  expect(env.fake.requestLog.submits).toHaveLength(1)
  await expectNoEntries(id)
})

test.each(['processing', 'failed'] as const)(
  'stores bytes that a killed process left in the journal, of a generation that is %s',
  async status => {
    const id = await insertAnsweredCall(status, await createBytesAnswer([0, 1]))
    await env.startWorker()
    const made = await env.waitUntil(id, ({ status }) => status === 'completed')
    expect(made.outputs.map(({ state, error }) => [state, error])).toEqual([
      ['stored', null],
      ['stored', null],
    ])
    expect(env.fake.requestLog.submits).toHaveLength(0)
    await expectNoEntries(id)
  },
)

test('stores what is whole of an answer that was cut off by a kill, and leaves the rest unknown', async () => {
  const answer = await createBytesAnswer([0, 1])
  const id = await insertAnsweredCall('processing', answer.subarray(0, answer.byteLength - 50))
  await env.startWorker()
  const made = await env.waitUntilEnded(id)
  expect(made.outputs.map(({ state, error }) => error?.code ?? state)).toEqual(['stored', 'unknown_outcome'])
  await expectNoEntries(id)
})

test.each(['processing', 'failed'] as const)(
  'notes a request id that a killed process left in the journal, of a generation that is %s',
  async status => {
    const id = await insertAnsweredCall(status, Buffer.from(await submitDirectly(env)), 'fake-image')
    await env.startWorker()
    const made = await env.waitUntil(id, ({ status }) => status === 'completed')
    expect(made.outputs.map(({ state }) => state)).toEqual(['stored', 'stored'])
    expect(env.fake.requestLog.submits).toHaveLength(1)
    await expectNoEntries(id)
  },
)

test('a request id is read with the outputs of its own call: a handle may say which one it is', async () => {
  const adapter = createFakeAdapter({ url: env.fake.url })
  const { submitting } = adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const read: (readonly number[])[] = []
  const readAnswer: typeof submitting.readAnswer = (answer, options) => {
    read.push(options.indices)
    return submitting.readAnswer(answer, options)
  }
  const id = await insertOpenCall(env, 'fake-image')
  await env.database`update provider_calls set first_index = 1, count = 1 where generation_id = ${id}`
  await writeAnswer(env, id, 'fake-image', Buffer.from(await submitDirectly(env)))
  await env.startWorker({ adapters: [{ ...adapter, submitting: { ...submitting, readAnswer } }] })
  await waitFor('an answer that is read', WAIT_MS, async () => read.length > 0)
  expect(read[0]).toEqual([1])
})

test('fills only the missing outputs with an answer that comes after a completion', async () => {
  const id = await insertAnsweredCall('failed', await createBytesAnswer([0, 1]))
  const [stored] = await env.database<{ key: string }[]>`
    update generation_outputs set state = 'stored', key = 'w/another', error = null where generation_id = ${id} and index = 0
    returning key`
  await env.database`update generations set status = 'completed' where id = ${id}`
  await env.startWorker()
  const isWhole = ({ status, outputs }: Generation) =>
    status === 'completed' && outputs.every(({ state }) => state === 'stored')
  await env.waitUntil(id, isWhole)
  const [unchanged] = await env.database`select key from generation_outputs where generation_id = ${id} and index = 0`
  expect(unchanged).toEqual(stored)
  expect((await env.readTransitions(id)).slice(-4)).toEqual([
    'completed→queued',
    'queued→processing',
    'processing→uploading',
    'uploading→completed',
  ])
})

test('a call goes on after its user has cancelled, and a retry takes its answer instead of buying again', async () => {
  env.fake.setBehavior({ readyOutputs: 0 })
  const worker = await env.startWorker({ slots: 1 })
  const id = await env.queue({ model: 'fake-bytes', outputs: 2 })
  await env.fake.waitForRequests(log => log.submits.length === 1)
  await cancelAsUser(env, id, { isPublished: false })
  worker.deps.activeJobs.recheck(id)
  await env.waitUntil(id, ({ status }) => status === 'cancelled')
  // The slot is free although the call is in flight.
  await env.queue({ model: 'fake-image' })
  await env.fake.waitForRequests(log => log.submits.length === 2)
  expect(worker.callsInFlight.list(id)).toHaveLength(1)
  await retryAsUser(env, id, 'make')
  await env.waitUntil(id, ({ waiting }) => waiting?.reason === 'recovering')
  env.fake.setBehavior({ readyOutputs: null })
  const made = await env.waitUntilEnded(id)
  expect([made.status, made.outputs.map(({ state }) => state)]).toEqual(['completed', ['stored', 'stored']])
  expect(env.fake.requestLog.submits.filter(({ model }) => model === 'fake-bytes')).toHaveLength(1)
})

test('a stop waits for a call that is paid for, and what was given up by a second stop is unknown', async () => {
  env.fake.setBehavior({ readyOutputs: 0 })
  const patient = await env.startWorker()
  const waited = await env.queue({ model: 'fake-bytes' })
  await env.fake.waitForRequests(log => log.submits.length === 1)
  const stopped = patient.stop()
  expect(patient.callsInFlight.list()).toMatchObject([{ generationId: waited, provider: 'fake', model: 'fake-bytes' }])
  env.fake.setBehavior({ readyOutputs: null })
  await stopped
  await env.startWorker()
  expect((await env.waitUntilEnded(waited)).status).toBe('completed')
  await env.stopWorkers()

  env.fake.setBehavior({ readyOutputs: 0 })
  const impatient = await env.startWorker()
  const abandoned = await env.queue({ model: 'fake-bytes' })
  await env.fake.waitForRequests(log => log.submits.length === 2)
  const ended = impatient.stop()
  impatient.callsInFlight.giveUp()
  await ended
  await env.startWorker()
  expect((await env.waitUntilEnded(abandoned)).error?.code).toBe('unknown_outcome')
  expect(env.fake.requestLog.submits).toHaveLength(2)
})

test('makes no call whose note is not in the database', async () => {
  await env.database`create function drop_note() returns trigger language plpgsql as $$ begin return null; end $$`
  await env.database`create trigger drop_note before insert on provider_calls for each row execute function drop_note()`
  await env.startWorker()
  const id = await env.queue({ outputs: 1 })
  await env.waitUntil(id, ({ attempt }) => attempt > 1)
  expect(env.fake.requestLog.submits).toHaveLength(0)
  await env.database`drop function drop_note cascade`
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('submits nothing while the disk is nearly full, and says so', async () => {
  const full = await env.startWorker({ freeBytes: 500 * 1024 * 1024 })
  const id = await env.queue({ outputs: 2 })
  await env.waitUntil(id, ({ waiting }) => waiting?.reason === 'disk-full')
  expect(env.fake.requestLog.submits).toHaveLength(0)
  await full.stop()
  await env.startWorker()
  await env.database`update generation_jobs set next_check_at = now() where generation_id = ${id}`
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
})

test('a refusal that could not be recorded is one, and not an unknown outcome', async () => {
  const id = await insertOpenCall(env, 'fake-bytes')
  const writer = await env.journal.open(callOf(id, 'fake-bytes'))
  await writer.markSent()
  await writer.end(new ProviderError('content_refused'))
  await env.startWorker()
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).error?.code).toBe('content_refused')
  expect(env.fake.requestLog.submits).toHaveLength(0)
  await expectNoEntries(id)
})

test('another host waits for the answer, and the host that has it stores it', async () => {
  await using folder = await createTestDirectory()
  const other = await openJournal({ directory: folder.path, log: createLog({ service: 'test', level: 'silent' }) })
  await env.startWorker({ journal: other })
  const id = await insertOpenCall(env, 'fake-bytes')
  await env.publishJob(id)
  await env.waitUntil(id, ({ waiting }) => waiting?.reason === 'recovering')
  await writeAnswer(env, id, 'fake-bytes', await createBytesAnswer([0, 1]))
  await env.startWorker()
  const made = await env.waitUntilEnded(id)
  expect([made.status, made.outputs.map(({ state }) => state)]).toEqual(['completed', ['stored', 'stored']])
  expect(env.fake.requestLog.submits).toHaveLength(0)
})

test('makes again, later, what the store did not take of a provider that is free', async () => {
  const outage = { isOver: false }
  const put: typeof env.store.put = async (...args) => {
    if (!outage.isOver) throw new Error('the store is away')
    return await env.store.put(...args)
  }
  const demo = createDemoAdapter()
  await env.startWorker({ store: { ...env.store, put }, adapters: [demo] })
  const id = await env.queue({ provider: 'demo', model: 'demo', outputs: 2 })
  await env.waitUntil(id, ({ waiting }) => waiting?.reason === 'storage-down')
  outage.isOver = true
  const made = await env.waitUntilEnded(id)
  expect([made.status, made.outputs.map(({ state }) => state)]).toEqual(['completed', ['stored', 'stored']])
  await env.stopWorkers()
  demo.close()
})

test('keeps an answer whose generation is not in the database', async () => {
  const call = callOf(crypto.randomUUID(), 'fake-bytes')
  const writer = await env.journal.open(call)
  await writer.markSent()
  await writer.begin({})
  await writer.append(await createBytesAnswer([0]))
  await writer.end()
  await env.startWorker()
  expect((await env.queueAndWait({})).status).toBe('completed')
  expect(await env.journal.list(call.generationId)).toHaveLength(1)
  await env.journal.remove(call)
})

/** Inserts a generation whose processor was killed after an answer, or that was given up after that. */
async function insertAnsweredCall(
  status: 'processing' | 'failed',
  answer: Uint8Array,
  model = 'fake-bytes',
): Promise<string> {
  const id = await insertOpenCall(env, model)
  await writeAnswer(env, id, model, answer)
  if (status === 'processing') return id
  await failGeneration(env, id)
  return id
}

async function expectNoEntries(id: string): Promise<void> {
  await waitFor('an empty journal', WAIT_MS, async () => (await env.journal.list(id)).length === 0)
}
