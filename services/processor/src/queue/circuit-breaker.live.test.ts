import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { transaction } from '@darkroom/infra/database/connection'
import { createFakeProvider } from '../../testing/fake-provider.ts'
import { ProviderError } from '../providers/provider.ts'
import { openWorkRoom, type WorkRoom } from '../worker-env.fixture.ts'
import { createLaneHealth, passLane } from './circuit-breaker.ts'

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

const busy = new ProviderError('provider_busy')
const pass = (probeSeconds = 30) => transaction(room.database, tx => passLane(tx, 'fake', probeSeconds))

test('a lane is paused by three failures in a row, longer by each further one, and opened by an answer', async () => {
  const health = createLaneHealth(room.database, 'fake')
  for (const failure of [busy, busy, null, busy, busy]) await health.note(failure)
  expect(await pass()).toEqual({ kind: 'open' })
  await health.note(busy)
  const first = pauseOf(await pass())
  await health.note(busy)
  const second = pauseOf(await pass())
  expect([first > 5 && first <= 10, second > 15 && second <= 20]).toEqual([true, true])
  for (let more = 0; more < 20; more++) await health.note(busy)
  expect(pauseOf(await pass())).toBeLessThanOrEqual(60)
  await health.note(null)
  expect(await pass()).toEqual({ kind: 'open' })
})

test('what is no fault of the provider does not pause its lane', async () => {
  const health = createLaneHealth(room.database, 'fake')
  const refused = new ProviderError('provider_refused')
  const broken = new ProviderError('interrupted', { failure: 'unknown' })
  for (const failure of [refused, refused, refused, broken, broken, broken]) await health.note(failure)
  expect(await pass()).toEqual({ kind: 'open' })
})

test('when the pause is over one goes first to see, and the others wait for it', async () => {
  const health = createLaneHealth(room.database, 'fake')
  for (const failure of [busy, busy, busy]) await health.note(failure)
  await endPause()
  const passed = await Promise.all(Array.from({ length: 8 }, () => pass()))
  expect(passed.filter(({ kind }) => kind === 'open')).toHaveLength(1)
  expect(passed.filter(lane => lane.kind === 'paused' && lane.reason === 'provider-down')).toHaveLength(7)
})

test('a provider that is down is left alone, people are told, and what waits is made when it is back', async () => {
  room.fake.set({ submit: { kind: 'status', status: 503 } })
  await room.startWorker({ slots: 1 })
  const ids = await Promise.all(Array.from({ length: 5 }, () => room.queue({})))
  const waiting = await Promise.all(ids.map(id => room.until(id, generation => generation.waiting !== null)))
  expect(new Set(waiting.map(generation => generation.waiting?.reason))).toEqual(new Set(['provider-down']))
  expect(waiting.every(generation => Date.parse(generation.waiting?.until ?? '') > Date.now() - 60_000)).toBe(true)
  expect(room.fake.journal.submits).toHaveLength(3)
  room.fake.reset()
  await room.database`update generation_jobs set next_check_at = null`
  await endPause()
  await Promise.all(ids.map(id => room.announce(id)))
  const made = await Promise.all(ids.map(id => room.ended(id)))
  expect(made.map(({ status, waiting }) => [status, waiting])).toEqual(ids.map(() => ['completed', null]))
  expect(await pass()).toEqual({ kind: 'open' })
}, 40_000)

test('a provider that asks to wait is not asked by others meanwhile', async () => {
  room.fake.set({ submit: { kind: 'status', status: 429, retryAfter: '2', times: 1 } })
  await room.startWorker({ slots: 1 })
  const first = await room.queue({})
  await room.until(first, ({ waiting }) => waiting?.reason === 'rate-limited')
  const second = await room.queue({})
  await room.until(second, ({ waiting }) => waiting?.reason === 'rate-limited')
  expect(room.fake.journal.submits).toHaveLength(1)
  for (const id of [first, second]) expect((await room.ended(id)).status).toBe('completed')
  expect(room.fake.journal.submits).toHaveLength(3)
})

test('what hangs at one provider keeps nobody of another waiting', async () => {
  room.fake.set({ check: { kind: 'hang' } })
  const slow = createFakeProvider({ url: room.fake.url })
  const other = { ...createFakeProvider({ url: room.fake.url }), name: 'other' }
  await room.startWorker({ slots: 2, providers: [slow, other] })
  const hung = await Promise.all(Array.from({ length: 50 }, () => room.queue({})))
  await room.fake.until(journal => journal.checks.length >= 2)
  const quick = await Promise.all(
    Array.from({ length: 6 }, () => room.queue({ provider: 'other', model: 'fake-bytes' })),
  )
  for (const id of quick) expect((await room.ended(id)).status).toBe('completed')
  const states = await Promise.all(hung.map(id => room.read(id)))
  expect(states.filter(({ status }) => status === 'completed')).toEqual([])
})

function pauseOf(lane: Awaited<ReturnType<typeof pass>>): number {
  return lane.kind === 'paused' ? lane.pause : 0
}

async function endPause(): Promise<void> {
  await room.database`update provider_lanes set paused_until = clock_timestamp() - interval '1 ms'`
}
