import { expect, test } from 'bun:test'
import { transaction } from '@darkroom/infra/database/transaction'
import { createLog } from '@darkroom/infra/log'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createFakeAdapter } from '../../testing/fake-adapter.ts'
import { ProviderError } from '../providers/adapter.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import { type BreakerState, checkBreaker, createCircuitBreaker } from './circuit-breaker.ts'

const log = createLog({ service: 'test', level: 'silent' })
let env: WorkerEnv

useWorkerEnv(opened => {
  env = opened
})

const busy = new ProviderError('provider_busy')
const check = (probeSeconds = 30) => transaction(env.database, tx => checkBreaker(tx, 'fake', probeSeconds))

test('opens after three failures in a row, for longer with each further one, and is closed by an answer', async () => {
  const breaker = createCircuitBreaker(env.database, 'fake', log)
  for (const failure of [busy, busy, null, busy, busy]) await breaker.record(failure)
  expect(await check()).toEqual({ kind: 'closed' })
  for (const coolDown of [10, 20]) {
    const begun = performance.now()
    await breaker.record(busy)
    const remaining = remainingSecondsOf(await check())
    const elapsed = (performance.now() - begun) / 1_000
    expect(remaining).toBeLessThanOrEqual(coolDown)
    // The statements take time themselves.
    expect(remaining + elapsed).toBeGreaterThan(coolDown - 1)
  }
  for (let more = 0; more < 20; more++) await breaker.record(busy)
  expect(remainingSecondsOf(await check())).toBeLessThanOrEqual(60)
  await breaker.record(null)
  expect(await check()).toEqual({ kind: 'closed' })
})

test("stays closed after failures that are not the provider's fault", async () => {
  const breaker = createCircuitBreaker(env.database, 'fake', log)
  const refused = new ProviderError('provider_refused')
  const broken = new ProviderError('interrupted', { failure: 'unknown' })
  for (const failure of [refused, refused, refused, broken, broken, broken]) await breaker.record(failure)
  expect(await check()).toEqual({ kind: 'closed' })
})

test('is half-open for one job after the cool-down, and open for the others', async () => {
  const breaker = createCircuitBreaker(env.database, 'fake', log)
  for (const failure of [busy, busy, busy]) await breaker.record(failure)
  await endCoolDown()
  const states = await Promise.all(Array.from({ length: 8 }, () => check()))
  expect(states.filter(({ kind }) => kind === 'half-open')).toHaveLength(1)
  expect(states.filter(state => state.kind === 'open' && state.reason === 'provider-down')).toHaveLength(7)
})

test('makes no calls to a provider that is down, shows users the reason, and makes the waiting generations once it is back', async () => {
  env.fake.setBehavior({ submit: { kind: 'status', status: 503 } })
  await env.startWorker({ slots: 1 })
  const ids = await Promise.all(Array.from({ length: 5 }, () => env.queue({})))
  await prolongPause()
  const waiting = await Promise.all(ids.map(id => env.waitUntil(id, generation => generation.waiting !== null)))
  expect(new Set(waiting.map(generation => generation.waiting?.reason))).toEqual(new Set(['provider-down']))
  expect(waiting.every(generation => Date.parse(generation.waiting?.until ?? '') > Date.now() - 60_000)).toBe(true)
  expect(env.fake.requestLog.submits).toHaveLength(3)
  env.fake.reset()
  await env.database`update generation_jobs set next_check_at = null`
  await endCoolDown()
  await Promise.all(ids.map(id => env.publishJob(id)))
  const made = await Promise.all(ids.map(id => env.waitUntilEnded(id)))
  expect(made.map(({ status, waiting }) => [status, waiting])).toEqual(ids.map(() => ['completed', null]))
  expect(await check()).toEqual({ kind: 'closed' })
})

test('makes no other calls to a provider during the pause that it named', async () => {
  env.fake.setBehavior({ submit: { kind: 'status', status: 429, retryAfter: '600', times: 1 } })
  await env.startWorker({ slots: 1 })
  const first = await env.queue({})
  await env.waitUntil(first, ({ waiting }) => waiting?.reason === 'rate-limited')
  const second = await env.queue({})
  await env.waitUntil(second, ({ waiting }) => waiting?.reason === 'rate-limited')
  expect(env.fake.requestLog.submits).toHaveLength(1)
  await endCoolDown()
  await env.database`update generation_jobs set next_check_at = null`
  await Promise.all([first, second].map(id => env.publishJob(id)))
  for (const id of [first, second]) expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(3)
})

test('does not delay the jobs of a connection when another one hangs', async () => {
  env.fake.setBehavior({ check: { kind: 'hang' } })
  const slow = createFakeAdapter({ url: env.fake.url })
  const other = { ...createFakeAdapter({ url: env.fake.url }), connection: 'other' }
  await env.startWorker({ slots: 2, adapters: [slow, other] })
  const hung = await Promise.all(Array.from({ length: 50 }, () => env.queue({})))
  await env.fake.waitForRequests(log => log.checks.length >= 2)
  const quick = await Promise.all(
    Array.from({ length: 6 }, () => env.queue({ provider: 'other', model: 'fake-bytes' })),
  )
  for (const id of quick) expect((await env.waitUntilEnded(id)).status).toBe('completed')
  const states = await Promise.all(hung.map(id => env.read(id)))
  expect(states.filter(({ status }) => status === 'completed')).toEqual([])
})

function remainingSecondsOf(state: BreakerState): number {
  return state.kind === 'open' ? state.remainingSeconds : 0
}

/** Makes the cool-down that three failures begin longer than the test. */
async function prolongPause(): Promise<void> {
  await waitFor('the cool-down', 60_000, async () => {
    const { count } = await env.database`
      update provider_lanes set paused_until = clock_timestamp() + interval '1 hour' where paused_until is not null`
    return count > 0
  })
}

async function endCoolDown(): Promise<void> {
  await env.database`update provider_lanes set paused_until = clock_timestamp() - interval '1 ms'`
}
