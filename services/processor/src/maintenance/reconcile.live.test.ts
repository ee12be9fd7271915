import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { relayAll } from '@darkroom/infra/database/outbox'
import { createFakeAdapter } from '../../testing/fake-adapter.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import { openWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import { reconcile } from './reconcile.ts'

let env: WorkerEnv
let running: Promise<void>[] = []

beforeAll(async () => {
  env = await openWorkerEnv()
})
afterAll(() => env[Symbol.asyncDispose]())
beforeEach(() => env.fake.reset())
afterEach(async () => {
  await env.stopWorkers()
  await Promise.all(running)
  running = []
})

test('enqueues lost jobs again, once for any number of processes', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, () => insertLostJob({})))
  const worker = await env.startWorker()
  for (let count = 0; count < 3; count++) running.push(reconcile({ ...worker.deps, intervalMs: 50 }))
  await relayUntil(ids)
  expect(await countReannounced(worker)).toBe(5)
  expect(env.fake.requestLog.submits).toHaveLength(5)
})

test('enqueues a due job whose delayed message was lost', async () => {
  const id = await insertLostJob({})
  await env.database`
    update generation_jobs set next_check_at = clock_timestamp() - interval '3 seconds' where generation_id = ${id}`
  const worker = await env.startWorker()
  running.push(reconcile({ ...worker.deps, intervalMs: 50 }))
  await relayUntil([id])
})

test('marks a generation once whose connection is not served, and works on it once it is', async () => {
  const id = await insertQueuedGeneration(env.database, { workspaceId: env.workspaceId, provider: 'elsewhere' })
  const worker = await env.startWorker()
  running.push(reconcile({ ...worker.deps, intervalMs: 20 }))
  const updated = await env.waitUntil(id, ({ waiting }) => waiting !== null)
  expect(updated).toMatchObject({ status: 'queued', version: 2, waiting: { reason: 'not-configured', until: null } })

  const elsewhere = { ...createFakeAdapter({ url: env.fake.url }), connection: 'elsewhere' }
  const other = await env.startWorker({ adapters: [elsewhere] })
  await env.database`update generation_jobs set announced_at = clock_timestamp() - interval '5 minutes'`
  running.push(reconcile({ ...other.deps, intervalMs: 20 }))
  await relayUntil([id])
  expect(await env.read(id)).toMatchObject({ status: 'completed', waiting: null })
})

test('does not enqueue jobs that were enqueued lately, are not due, or have a lease', async () => {
  const [fresh, later, leased] = [await insert(), await insertLostJob({}), await insertLostJob({})]
  await env.database`
    update generation_jobs set next_check_at = clock_timestamp() + interval '1 hour' where generation_id = ${later}`
  await env.database`
    update generation_jobs set lease_until = clock_timestamp() + interval '1 hour' where generation_id = ${leased}`
  const worker = await env.startWorker()
  let runs = 0
  const counting = {
    ...env.bus,
    countBacklog: async (consumer: string) => {
      runs++
      return await env.bus.countBacklog(consumer)
    },
  }
  running.push(reconcile({ ...worker.deps, bus: counting, intervalMs: 20 }))
  while (runs < 3) await Bun.sleep(10)
  expect(await countReannounced(worker)).toBe(0)
  await env.database`delete from generations where id in ${env.database([fresh, later, leased])}`
})

test('follows the activity of the studio only while there is nothing to reconcile', async () => {
  await env.database`truncate generations cascade`
  const worker = await env.startWorker()
  const [waiting, active] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const wait = async () => {
    waiting.resolve()
    await active.promise
  }
  running.push(reconcile({ ...worker.deps, activity: { wait }, intervalMs: 20 }))
  await waiting.promise
  const ids = [await insertLostJob({}), await insertLostJob({})]
  expect(await countReannounced(worker)).toBe(0)
  active.resolve()
  await relayUntil(ids)
  expect(await countReannounced(worker)).toBe(2)
})

/** Inserts a generation whose message was enqueued long ago and lost. @returns its id */
async function insertLostJob(options: Parameters<typeof insertQueuedGeneration>[1]): Promise<string> {
  const id = await insertQueuedGeneration(env.database, { ...options, workspaceId: env.workspaceId })
  await env.database`
    update generation_jobs set announced_at = clock_timestamp() - interval '5 minutes' where generation_id = ${id}`
  return id
}

async function insert(): Promise<string> {
  return await insertQueuedGeneration(env.database, { workspaceId: env.workspaceId })
}

/** Relays the outbox until all generations have ended. */
async function relayUntil(ids: string[]): Promise<void> {
  for (const id of ids) {
    const ended = env.waitUntilEnded(id)
    let hasEnded = false
    void ended.finally(() => {
      hasEnded = true
    })
    while (!hasEnded) {
      await relayAll(env)
      await Bun.sleep(20)
    }
    expect((await ended).status).toBe('completed')
  }
}

async function countReannounced(worker: {
  metrics: { reannounced: { get(): Promise<{ values: { value: number }[] }> } }
}) {
  return (await worker.metrics.reannounced.get()).values[0]?.value ?? 0
}
