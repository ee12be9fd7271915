import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { relayAll } from '@darkroom/infra/database/outbox'
import { createFakeProvider } from '../../testing/fake-provider.ts'
import { insertQueued } from '../queue/queued.fixture.ts'
import { openWorkRoom, type WorkRoom } from '../worker-env.fixture.ts'
import { reconcile } from './reconcile.ts'

let room: WorkRoom
let running: Promise<void>[] = []

beforeAll(async () => {
  room = await openWorkRoom()
})
afterAll(() => room[Symbol.asyncDispose]())
beforeEach(() => room.fake.reset())
afterEach(async () => {
  await room.stopWorkers()
  await Promise.all(running)
  running = []
})

test('what the bus has lost is announced again, once by however many reconcile', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, () => lost({})))
  const worker = await room.startWorker()
  for (let count = 0; count < 3; count++) running.push(reconcile({ ...worker.watching, everyMs: 50 }))
  await relayUntil(ids)
  expect(await countOf(worker)).toBe(5)
  expect(room.fake.journal.submits).toHaveLength(5)
})

test('a look that is due is taken although its alarm clock is gone', async () => {
  const id = await lost({})
  await room.database`
    update generation_jobs set next_check_at = clock_timestamp() - interval '3 seconds' where generation_id = ${id}`
  const worker = await room.startWorker()
  running.push(reconcile({ ...worker.watching, everyMs: 50 }))
  await relayUntil([id])
})

test('what nobody can make says that its provider is not set up, once, and is made when it is', async () => {
  const id = await insertQueued(room.database, { workspaceId: room.workspaceId, provider: 'elsewhere' })
  const worker = await room.startWorker()
  running.push(reconcile({ ...worker.watching, everyMs: 20 }))
  const told = await room.until(id, ({ waiting }) => waiting !== null)
  expect(told).toMatchObject({ status: 'queued', version: 2, waiting: { reason: 'not-configured', until: null } })

  const elsewhere = { ...createFakeProvider({ url: room.fake.url }), name: 'elsewhere' }
  const other = await room.startWorker({ providers: [elsewhere] })
  await room.database`update generation_jobs set announced_at = clock_timestamp() - interval '5 minutes'`
  running.push(reconcile({ ...other.watching, everyMs: 20 }))
  await relayUntil([id])
  expect(await room.read(id)).toMatchObject({ status: 'completed', waiting: null })
})

test('what was announced lately, is not due or is held by somebody is left alone', async () => {
  const [fresh, later, held] = [await insert(), await lost({}), await lost({})]
  await room.database`
    update generation_jobs set next_check_at = clock_timestamp() + interval '1 hour' where generation_id = ${later}`
  await room.database`
    update generation_jobs set lease_until = clock_timestamp() + interval '1 hour' where generation_id = ${held}`
  const worker = await room.startWorker()
  let looks = 0
  const counting = {
    ...room.bus,
    backlog: async (consumer: string) => {
      looks++
      return await room.bus.backlog(consumer)
    },
  }
  running.push(reconcile({ ...worker.watching, bus: counting, everyMs: 20 }))
  while (looks < 3) await Bun.sleep(10)
  expect(await countOf(worker)).toBe(0)
  await room.database`delete from generations where id in ${room.database([fresh, later, held])}`
})

/** A generation whose message is nowhere, and was posted long ago. */
async function lost(options: Parameters<typeof insertQueued>[1]): Promise<string> {
  const id = await insertQueued(room.database, { ...options, workspaceId: room.workspaceId })
  await room.database`
    update generation_jobs set announced_at = clock_timestamp() - interval '5 minutes' where generation_id = ${id}`
  return id
}

async function insert(): Promise<string> {
  return await insertQueued(room.database, { workspaceId: room.workspaceId })
}

/** Publishes what is posted, as the relay does, until all have ended. */
async function relayUntil(ids: string[]): Promise<void> {
  for (const id of ids) {
    const ended = room.ended(id)
    let isOver = false
    void ended.finally(() => {
      isOver = true
    })
    while (!isOver) {
      await relayAll(room)
      await Bun.sleep(20)
    }
    expect((await ended).status).toBe('completed')
  }
}

async function countOf(worker: { measures: { reannounced: { get(): Promise<{ values: { value: number }[] }> } } }) {
  return (await worker.measures.reannounced.get()).values[0]?.value ?? 0
}
