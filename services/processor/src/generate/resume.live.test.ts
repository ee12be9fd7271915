import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { createFakeProvider } from '../../testing/fake-provider.ts'
import type { Provider } from '../providers/provider.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import { retryAsUser } from '../queue/user-actions.fixture.ts'
import { openWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'

let env: WorkerEnv

beforeAll(async () => {
  env = await openWorkerEnv()
})
afterAll(() => env[Symbol.asyncDispose]())
beforeEach(async () => {
  env.fake.reset()
  await env.database`delete from provider_lanes`
})
afterEach(() => env.stopWorkers())

test('what may have been taken is not sent again by itself, and said to be so', async () => {
  env.fake.setBehavior({ submit: { kind: 'reset', taken: true, times: 1 } })
  await env.startWorker()
  const generation = await env.queueAndWait({ outputs: 2 })
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'unknown_outcome'])
  expect(env.fake.requestLog.submits).toHaveLength(1)
  await retryAsUser(env, generation.id, 'make')
  expect((await env.waitUntilEnded(generation.id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(2)
})

test('where it may be sent twice, it is sent twice and no more', async () => {
  env.fake.setBehavior({ submit: { kind: 'reset', taken: true } })
  await env.startWorker({ maxSubmits: 2 })
  const generation = await env.queueAndWait({})
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'unknown_outcome'])
  expect(env.fake.requestLog.submits).toHaveLength(2)
})

test('a check asks by the id that is known, submits nothing, and keeps what is there by now', async () => {
  env.fake.setBehavior({ failure: { code: 'internal', message: '' } })
  await env.startWorker()
  const { id, status } = await env.queueAndWait({ outputs: 2 })
  expect(status).toBe('failed')
  env.fake.setBehavior({ failure: null })
  await retryAsUser(env, id, 'check')
  const generation = await env.waitUntilEnded(id)
  expect([generation.status, ...generation.outputs.map(({ state }) => state)]).toEqual([
    'completed',
    'stored',
    'stored',
  ])
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('a check that finds nothing fails again, and still submits nothing', async () => {
  env.fake.setBehavior({ failure: { code: 'internal', message: '' } })
  await env.startWorker()
  const { id } = await env.queueAndWait({})
  await retryAsUser(env, id, 'check')
  await env.waitUntil(id, ({ status, version }) => status === 'failed' && version > 3)
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('bytes that a worker took with it are said to be lost, and not bought again', async () => {
  const id = await insertQueuedGeneration(env.database, {
    workspaceId: env.workspaceId,
    model: 'fake-bytes',
    outputs: 2,
  })
  await env.database`update generation_outputs set state = 'saving' where generation_id = ${id} and index = 0`
  await env.database`
    insert into provider_calls (generation_id, call, first_index, count, submitted_at, finished_at, outcome)
    values (${id}, 0, 0, 2, now(), now(), 'finished')`
  await env.startWorker()
  await env.publishJob(id)
  const generation = await env.waitUntilEnded(id)
  expect(generation.outputs.map(({ error }) => error?.code)).toEqual(['not_stored', 'not_made'])
  expect(env.fake.requestLog.submits).toHaveLength(0)
})

test('a provider that has had all the time its catalogue allows is stopped, and asked about later if the person wishes', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 0.1 })
  await env.startWorker()
  const id = await env.queue({})
  await env.fake.waitForRequests(journal => journal.checks.length > 0)
  await env.database`
    update provider_calls set submitted_at = submitted_at - interval '1 day' where generation_id = ${id}`
  const generation = await env.waitUntilEnded(id)
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'provider_too_long'])
  expect(env.fake.requestLog.cancels).toHaveLength(1)
})

test('a stop in the middle of a submission waits for its answer, so that the next worker can ask by it', async () => {
  const real = createFakeProvider({ url: env.fake.url })
  const gate = Promise.withResolvers<void>()
  const submit: Provider['submit'] = async (request, options) => {
    const submitted = await real.submit(request, options)
    await gate.promise
    options.signal.throwIfAborted()
    return submitted
  }
  const first = await env.startWorker({ providers: [{ ...real, submit }] })
  const id = await env.queue({})
  await env.fake.waitForRequests(journal => journal.submits.length === 1)
  const stopped = first.stop()
  gate.resolve()
  await stopped
  await env.startWorker()
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('a queue at the provider is told as such, and over when it is over', async () => {
  env.fake.setBehavior({ queuePosition: 3, lookAgainSeconds: 1.1 })
  await env.startWorker()
  const id = await env.queue({})
  const queued = await env.waitUntil(id, ({ waiting }) => waiting !== null)
  expect(queued.waiting).toEqual({ reason: 'provider-queue', until: null })
  env.fake.setBehavior({ queuePosition: null })
  expect((await env.waitUntilEnded(id)).waiting).toBeNull()
})
