import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createFakeAdapter } from '../../testing/fake-adapter.ts'
import { openWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import { cancelOpenCalls, followCancelMessages } from './cancel.ts'
import { cancelAsUser, retryAsUser } from './user-actions.fixture.ts'

let env: WorkerEnv
let following: Promise<void>[] = []

beforeAll(async () => {
  env = await openWorkerEnv()
})
afterAll(() => env[Symbol.asyncDispose]())
beforeEach(() => env.fake.reset())
afterEach(async () => {
  await env.stopWorkers()
  await Promise.all(following)
  following = []
})

test('ends the job of a cancelled generation at once, frees its slot, and asks the provider to stop', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 0.05 })
  const { deps } = await env.startWorker({ slots: 1, leaseSeconds: 600 })
  following.push(followCancelMessages(deps))
  const id = await startPolledGeneration()
  await cancelAsUser(env, id, { isPublished: true })
  await env.fake.waitForRequests(log => log.cancels.length === 1)
  env.fake.setBehavior({ readyOutputs: null })
  expect((await env.queueAndWait({ model: 'fake-bytes' })).status).toBe('completed')
  expect((await env.read(id)).status).toBe('cancelled')
  expect(await waitForOutcome(id, 'cancelled')).toBe('cancelled')
})

test('stops in the middle of uploads, and the outputs become temporary instead of lost', async () => {
  env.fake.holdFiles()
  const { deps } = await env.startWorker({ leaseSeconds: 600 })
  following.push(followCancelMessages(deps))
  const id = await env.queue({ outputs: 2 })
  await env.fake.waitForRequests(log => log.filesInFlight === 2)
  await cancelAsUser(env, id, { isPublished: true })
  await env.fake.waitForRequests(log => log.filesInFlight === 0)
  const generation = await env.read(id)
  expect(generation.outputs.map(({ state }) => state)).toEqual(['temporary', 'temporary'])
  const [{ count } = {}] = await env.database`select count(*)::int from rehosts where generation_id = ${id}`
  expect(count).toBe(2)
})

test('asks the provider to stop without a message too, once for any number of processes', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5 })
  const { deps } = await env.startWorker()
  const id = await startPolledGeneration()
  await cancelAsUser(env, id, { isPublished: false })
  await Promise.all(Array.from({ length: 5 }, () => cancelOpenCalls(deps)))
  expect(env.fake.requestLog.cancels).toHaveLength(1)
  expect(await waitForOutcome(id, 'cancelled')).toBe('cancelled')
})

test('asks the provider nothing in a restored copy until it has taken over', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5 })
  const { deps } = await env.startWorker()
  const id = await startPolledGeneration()
  await env.database`update studio set mode = 'restored'`
  await cancelAsUser(env, id, { isPublished: false })
  await cancelOpenCalls(deps)
  expect(env.fake.requestLog.cancels).toHaveLength(0)
  await takeOver(env.database)
  await cancelOpenCalls(deps)
  expect(env.fake.requestLog.cancels).toHaveLength(1)
})

test('tries a failed cancel again after 30 s', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5, cancel: { kind: 'status', status: 503, times: 1 } })
  const { deps } = await env.startWorker()
  const id = await startPolledGeneration()
  await cancelAsUser(env, id, { isPublished: false })
  await cancelOpenCalls(deps)
  await cancelOpenCalls(deps)
  expect(env.fake.requestLog.cancels).toHaveLength(1)
  await env.database`update provider_calls set cancel_tried_at = now() - interval '31 seconds' where generation_id = ${id}`
  await cancelOpenCalls(deps)
  expect(env.fake.requestLog.cancels).toHaveLength(2)
  expect(await waitForOutcome(id, 'cancelled')).toBe('cancelled')
})

test('fetches in a retry what the provider had made before it could be stopped', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5, cancelTooLate: true })
  const { deps } = await env.startWorker()
  const id = await startPolledGeneration()
  await cancelAsUser(env, id, { isPublished: false })
  await cancelOpenCalls(deps)
  expect(await waitForOutcome(id, 'too-late')).toBe('too-late')
  env.fake.setBehavior({ readyOutputs: null })
  await retryAsUser(env, id, 'make')
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test('submits again in a retry of a cancelled call, even if the cancel was not recorded in time', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5 })
  const { deps } = await env.startWorker()
  const id = await startPolledGeneration()
  await cancelAsUser(env, id, { isPublished: false })
  await cancelOpenCalls(deps)
  // As if the provider's response to the cancel had not been recorded yet.
  await env.database`update provider_calls set outcome = null, finished_at = null where generation_id = ${id}`
  env.fake.setBehavior({ readyOutputs: null })
  await retryAsUser(env, id, 'make')
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(2)
})

/** Queues a generation and waits until its call is polled. @returns its id */
async function startPolledGeneration(): Promise<string> {
  const before = env.fake.requestLog.checks.length
  const id = await env.queue({})
  await env.fake.waitForRequests(log => log.checks.length > before)
  return id
}

async function waitForOutcome(id: string, wanted: string): Promise<string | null> {
  const deadline = AbortSignal.timeout(60_000)
  for (;;) {
    const [row] = await env.database<{ outcome: string | null }[]>`
      select outcome from provider_calls where generation_id = ${id}`
    if (row?.outcome === wanted || deadline.aborted) return row?.outcome ?? null
    await Bun.sleep(20)
  }
}

test('a server that answers at once is told to stop the call that this process has sent', async () => {
  env.fake.setBehavior({ readyOutputs: 0 })
  const adapter = createFakeAdapter({ url: env.fake.url })
  if (adapter.submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  const interrupted: string[] = []
  const interrupt = async (idempotencyKey: string) => void interrupted.push(idempotencyKey)
  const { deps } = await env.startWorker({
    leaseSeconds: 600,
    adapters: [{ ...adapter, submitting: { ...adapter.submitting, interrupt } }],
  })
  following.push(followCancelMessages(deps))
  const [other, id] = [await env.queue({ model: 'fake-bytes' }), await env.queue({ model: 'fake-bytes' })]
  await env.fake.waitForRequests(log => log.submits.length === 2)
  await cancelAsUser(env, id, { isPublished: true })
  await env.waitUntil(id, ({ status }) => status === 'cancelled')
  await waitFor('the interrupt', 60_000, async () => interrupted.length > 0)
  expect(interrupted).toEqual([`${id}:0`])
  env.fake.setBehavior({ readyOutputs: null })
  expect((await env.waitUntilEnded(other)).status).toBe('completed')
})
