import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { createFakeProvider } from '../../testing/fake-provider.ts'
import type { Provider } from '../providers/provider.ts'
import { insertQueued } from '../queue/queued.fixture.ts'
import { reopenAsPerson } from '../queue/user-actions.fixture.ts'
import { openWorkRoom, type WorkRoom } from '../worker-env.fixture.ts'

let room: WorkRoom

beforeAll(async () => {
  room = await openWorkRoom()
})
afterAll(() => room[Symbol.asyncDispose]())
beforeEach(async () => {
  room.fake.reset()
  await room.database`delete from provider_lanes`
})
afterEach(() => room.stopWorkers())

test('what may have been taken is not sent again by itself, and said to be so', async () => {
  room.fake.set({ submit: { kind: 'reset', taken: true, times: 1 } })
  await room.startWorker()
  const generation = await room.made({ outputs: 2 })
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'unknown_outcome'])
  expect(room.fake.journal.submits).toHaveLength(1)
  await reopenAsPerson(room, generation.id, 'make')
  expect((await room.ended(generation.id)).status).toBe('completed')
  expect(room.fake.journal.submits).toHaveLength(2)
})

test('where it may be sent twice, it is sent twice and no more', async () => {
  room.fake.set({ submit: { kind: 'reset', taken: true } })
  await room.startWorker({ maxSubmits: 2 })
  const generation = await room.made({})
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'unknown_outcome'])
  expect(room.fake.journal.submits).toHaveLength(2)
})

test('a check asks by the id that is known, submits nothing, and keeps what is there by now', async () => {
  room.fake.set({ failure: { code: 'internal', message: '' } })
  await room.startWorker()
  const { id, status } = await room.made({ outputs: 2 })
  expect(status).toBe('failed')
  room.fake.set({ failure: null })
  await reopenAsPerson(room, id, 'check')
  const generation = await room.ended(id)
  expect([generation.status, ...generation.outputs.map(({ state }) => state)]).toEqual([
    'completed',
    'stored',
    'stored',
  ])
  expect(room.fake.journal.submits).toHaveLength(1)
})

test('a check that finds nothing fails again, and still submits nothing', async () => {
  room.fake.set({ failure: { code: 'internal', message: '' } })
  await room.startWorker()
  const { id } = await room.made({})
  await reopenAsPerson(room, id, 'check')
  await room.until(id, ({ status, version }) => status === 'failed' && version > 3)
  expect(room.fake.journal.submits).toHaveLength(1)
})

test('bytes that a worker took with it are said to be lost, and not bought again', async () => {
  const id = await insertQueued(room.database, { workspaceId: room.workspaceId, model: 'fake-bytes', outputs: 2 })
  await room.database`update generation_outputs set state = 'saving' where generation_id = ${id} and index = 0`
  await room.database`
    insert into provider_calls (generation_id, call, first_index, count, submitted_at, finished_at, outcome)
    values (${id}, 0, 0, 2, now(), now(), 'finished')`
  await room.startWorker()
  await room.announce(id)
  const generation = await room.ended(id)
  expect(generation.outputs.map(({ error }) => error?.code)).toEqual(['not_stored', 'not_made'])
  expect(room.fake.journal.submits).toHaveLength(0)
})

test('a provider that has had all the time its catalogue allows is stopped, and asked about later if the person wishes', async () => {
  room.fake.set({ readyOutputs: 0, lookAgainSeconds: 0.1 })
  await room.startWorker()
  const id = await room.queue({})
  await room.fake.until(journal => journal.checks.length > 0)
  await room.database`
    update provider_calls set submitted_at = submitted_at - interval '1 day' where generation_id = ${id}`
  const generation = await room.ended(id)
  expect([generation.status, generation.error?.code]).toEqual(['failed', 'provider_too_long'])
  expect(room.fake.journal.cancels).toHaveLength(1)
})

test('a stop in the middle of a submission waits for its answer, so that the next worker can ask by it', async () => {
  const real = createFakeProvider({ url: room.fake.url })
  const gate = Promise.withResolvers<void>()
  const submit: Provider['submit'] = async (request, options) => {
    const submitted = await real.submit(request, options)
    await gate.promise
    options.signal.throwIfAborted()
    return submitted
  }
  const first = await room.startWorker({ providers: [{ ...real, submit }] })
  const id = await room.queue({})
  await room.fake.until(journal => journal.submits.length === 1)
  const stopped = first.stop()
  gate.resolve()
  await stopped
  await room.startWorker()
  expect((await room.ended(id)).status).toBe('completed')
  expect(room.fake.journal.submits).toHaveLength(1)
})

test('a queue at the provider is told as such, and over when it is over', async () => {
  room.fake.set({ queuePosition: 3, lookAgainSeconds: 1.1 })
  await room.startWorker()
  const id = await room.queue({})
  const queued = await room.until(id, ({ waiting }) => waiting !== null)
  expect(queued.waiting).toEqual({ reason: 'provider-queue', until: null })
  room.fake.set({ queuePosition: null })
  expect((await room.ended(id)).waiting).toBeNull()
})
