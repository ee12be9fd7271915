import { expect, test } from 'bun:test'
import { createFakeAdapter } from '../../testing/fake-adapter.ts'
import { insertOpenCall, submitDirectly } from '../answers/answers.fixture.ts'
import { ProviderError } from '../providers/adapter.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import { retryAsUser } from '../queue/user-actions.fixture.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'

let env: WorkerEnv

useWorkerEnv(opened => {
  env = opened
})

test('does not submit again what may have been accepted, and reports an unknown outcome', async () => {
  env.fake.setBehavior({ submit: { kind: 'reset', taken: true, times: 1 } })
  await env.startWorker()
  const generation = await env.queueAndWait({ outputs: 2 })
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'unknown_outcome'])
  expect(env.fake.requestLog.submits).toHaveLength(1)
  await retryAsUser(env, generation.id, 'make')
  expect((await env.waitUntilEnded(generation.id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(2)
})

test('of a connection that was removed the calls under way are polled, and no other is made', async () => {
  const id = await insertOpenCall(env, 'fake-image')
  const { id: handle } = JSON.parse(await submitDirectly(env))
  await env.database`
    update provider_calls set request_id = ${handle}, first_index = 0, count = 1 where generation_id = ${id}`
  await env.database`
    insert into connections (id, kind, name, source, removed_at) values ('fake', 'fake', 'Fake', 'stored', now())`
  try {
    await env.startWorker()
    await env.publishJob(id)
    expect((await env.waitUntilEnded(id)).status).toBe('completed')
    expect(env.fake.requestLog.submits).toHaveLength(1)
  } finally {
    await env.database`delete from connections`
  }
})

test('a call that is paid for waits while the key is not accepted, and is polled again once it is', async () => {
  const adapter = createFakeAdapter({ url: env.fake.url })
  let isRefused = true
  const check: typeof adapter.check = async (handle, signal) => {
    if (isRefused) throw new ProviderError('key_refused')
    return await adapter.check(handle, signal)
  }
  await env.startWorker({ adapters: [{ ...adapter, check }] })
  const id = await env.queue({})
  const waiting = await env.waitUntil(id, ({ waiting, status }) => waiting !== null || status === 'failed')
  expect([waiting.status, waiting.waiting?.reason]).toEqual(['processing', 'key-refused'])
  isRefused = false
  await env.database`update generation_jobs set next_check_at = now() where generation_id = ${id}`
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('submits twice and no more with `maxSubmits` 2', async () => {
  env.fake.setBehavior({ submit: { kind: 'reset', taken: true } })
  await env.startWorker({ maxSubmits: 2 })
  const generation = await env.queueAndWait({})
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'unknown_outcome'])
  expect(env.fake.requestLog.submits).toHaveLength(2)
})

test('polls the known request id in a check, submits nothing, and stores what is ready by now', async () => {
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

test('fails again after a check that finds nothing, and submits nothing', async () => {
  env.fake.setBehavior({ failure: { code: 'internal', message: '' } })
  await env.startWorker()
  const { id } = await env.queueAndWait({})
  await retryAsUser(env, id, 'check')
  await env.waitUntil(id, ({ status, version }) => status === 'failed' && version > 3)
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('reports bytes lost with their worker as not stored, and does not buy them again', async () => {
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

test('cancels a call that exceeds the time limit of its model', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 0.1 })
  await env.startWorker()
  const id = await env.queue({})
  await env.fake.waitForRequests(log => log.checks.length > 0)
  await env.database`
    update provider_calls set submitted_at = submitted_at - interval '1 day' where generation_id = ${id}`
  const generation = await env.waitUntilEnded(id)
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'provider_too_long'])
  expect(env.fake.requestLog.cancels).toHaveLength(1)
})

test('waits on stopping for the response to a submission, and the next worker polls its request id', async () => {
  const real = createFakeAdapter({ url: env.fake.url })
  const gate = Promise.withResolvers<void>()
  const { submitting } = real
  if (submitting.kind !== 'remote') throw new Error('expected a remote provider')
  const submit: typeof submitting.submit = async (request, options) => {
    const answer = await submitting.submit(request, options)
    await gate.promise
    options.signal.throwIfAborted()
    return answer
  }
  const first = await env.startWorker({ adapters: [{ ...real, submitting: { ...submitting, submit } }] })
  const id = await env.queue({})
  await env.fake.waitForRequests(log => log.submits.length === 1)
  const stopped = first.stop()
  gate.resolve()
  await stopped
  await env.startWorker()
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test("shows the place in the provider's queue while it is there, and does not count the wait as work", async () => {
  env.fake.setBehavior({ queuePosition: 3, lookAgainSeconds: 1.1 })
  await env.startWorker()
  const id = await env.queue({})
  const queued = await env.waitUntil(id, ({ waiting }) => waiting !== null)
  expect(queued.waiting).toEqual({ reason: 'provider-queue', until: null, position: 3 })
  await env.database`update generations set started_at = started_at - interval '1 hour' where id = ${id}`
  await env.database`update generation_jobs set waiting_since = waiting_since - interval '1 hour' where generation_id = ${id}`
  env.fake.setBehavior({ queuePosition: 0 })
  const moved = await env.waitUntil(id, ({ waiting }) => waiting?.position !== 3)
  expect(moved.waiting).toEqual({ reason: 'provider-queue', until: null })
  env.fake.setBehavior({ queuePosition: null, readyOutputs: 0 })
  const begun = await env.waitUntil(id, ({ waiting }) => waiting === null)
  expect(begun.status).toBe('processing')
  env.fake.setBehavior({ readyOutputs: null })
  const made = await env.waitUntilEnded(id)
  expect(secondsBetween(made.startedAt, made.completedAt)).toBeLessThan(600)
  const [timing] = await env.database`select seconds < 600 as "isShort" from model_timings where samples > 0 limit 1`
  expect(timing?.isShort).toBe(true)
})

function secondsBetween(from: string | null, to: string | null): number {
  return (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1_000
}
