import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { openWorkRoom, type WorkRoom } from '../worker-env.fixture.ts'
import { followCancels, stopCancelled } from './cancel.ts'
import { cancelAsPerson, reopenAsPerson } from './user-actions.fixture.ts'

let room: WorkRoom
let following: Promise<void>[] = []

beforeAll(async () => {
  room = await openWorkRoom()
})
afterAll(() => room[Symbol.asyncDispose]())
beforeEach(() => room.fake.reset())
afterEach(async () => {
  await room.stopWorkers()
  await Promise.all(following)
  following = []
})

test('work on what was cancelled ends at once, the slot is free, and the provider is asked to stop', async () => {
  room.fake.set({ readyOutputs: 0, lookAgainSeconds: 0.05 })
  const { watching } = await room.startWorker({ slots: 1, leaseSeconds: 600 })
  following.push(followCancels(watching))
  const id = await underWay()
  await cancelAsPerson(room, id, { hint: true })
  await room.fake.until(journal => journal.cancels.length === 1)
  room.fake.set({ readyOutputs: null })
  expect((await room.made({ model: 'fake-bytes' })).status).toBe('completed')
  expect((await room.read(id)).status).toBe('cancelled')
  expect(await settledOutcome(id, 'cancelled')).toBe('cancelled')
})

test('a stop in the middle of uploads is obeyed, and what was made is left at the provider, not lost', async () => {
  room.fake.holdFiles()
  const { watching } = await room.startWorker({ leaseSeconds: 600 })
  following.push(followCancels(watching))
  const id = await room.queue({ outputs: 2 })
  await room.fake.until(journal => journal.filesInFlight === 2)
  await cancelAsPerson(room, id, { hint: true })
  await room.fake.until(journal => journal.filesInFlight === 0)
  const generation = await room.read(id)
  expect(generation.outputs.map(({ state }) => state)).toEqual(['temporary', 'temporary'])
  const [{ count } = {}] = await room.database`select count(*)::int from rehosts where generation_id = ${id}`
  expect(count).toBe(2)
})

test('without the hint the provider is asked all the same, once by however many', async () => {
  room.fake.set({ readyOutputs: 0, lookAgainSeconds: 5 })
  const { watching } = await room.startWorker()
  const id = await underWay()
  await cancelAsPerson(room, id, { hint: false })
  await Promise.all(Array.from({ length: 5 }, () => stopCancelled(watching)))
  expect(room.fake.journal.cancels).toHaveLength(1)
  expect(await settledOutcome(id, 'cancelled')).toBe('cancelled')
})

test('a provider that cannot be asked now is asked again later', async () => {
  room.fake.set({ readyOutputs: 0, lookAgainSeconds: 5, cancel: { kind: 'status', status: 503, times: 1 } })
  const { watching } = await room.startWorker()
  const id = await underWay()
  await cancelAsPerson(room, id, { hint: false })
  await stopCancelled(watching)
  await stopCancelled(watching)
  expect(room.fake.journal.cancels).toHaveLength(1)
  await room.database`update provider_calls set cancel_tried_at = now() - interval '31 seconds' where generation_id = ${id}`
  await stopCancelled(watching)
  expect(room.fake.journal.cancels).toHaveLength(2)
  expect(await settledOutcome(id, 'cancelled')).toBe('cancelled')
})

test('a retry takes up what the provider had made before it could be stopped', async () => {
  room.fake.set({ readyOutputs: 0, lookAgainSeconds: 5, cancelTooLate: true })
  const { watching } = await room.startWorker()
  const id = await underWay()
  await cancelAsPerson(room, id, { hint: false })
  await stopCancelled(watching)
  expect(await settledOutcome(id, 'too-late')).toBe('too-late')
  room.fake.set({ readyOutputs: null })
  await reopenAsPerson(room, id, 'make')
  expect((await room.ended(id)).status).toBe('completed')
  expect(room.fake.journal.submits).toHaveLength(1)
})

test('a retry of what the provider did stop is made anew, also where the two cross', async () => {
  room.fake.set({ readyOutputs: 0, lookAgainSeconds: 5 })
  const { watching } = await room.startWorker()
  const id = await underWay()
  await cancelAsPerson(room, id, { hint: false })
  await stopCancelled(watching)
  // As if nobody had written down yet what the provider answered.
  await room.database`update provider_calls set outcome = null, finished_at = null where generation_id = ${id}`
  room.fake.set({ readyOutputs: null })
  await reopenAsPerson(room, id, 'make')
  expect((await room.ended(id)).status).toBe('completed')
  expect(room.fake.journal.submits).toHaveLength(2)
})

/** A generation whose provider is at work. */
async function underWay(): Promise<string> {
  const before = room.fake.journal.checks.length
  const id = await room.queue({})
  await room.fake.until(journal => journal.checks.length > before)
  return id
}

async function settledOutcome(id: string, wanted: string): Promise<string | null> {
  const deadline = AbortSignal.timeout(5_000)
  for (;;) {
    const [row] = await room.database<{ outcome: string | null }[]>`
      select outcome from provider_calls where generation_id = ${id}`
    if (row?.outcome === wanted || deadline.aborted) return row?.outcome ?? null
    await Bun.sleep(20)
  }
}
