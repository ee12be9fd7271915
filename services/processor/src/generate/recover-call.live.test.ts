import { expect, test } from 'bun:test'
import { transaction } from '@darkroom/infra/database/transaction'
import { OWN_ID_MODEL } from '@darkroom/infra/testing/fake-provider/wire'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { callOf, insertOpenCall, submitDirectly } from '../answers/answers.fixture.ts'
import { ProviderError } from '../providers/adapter.ts'
import { cancelOpenCalls } from '../queue/cancel.ts'
import { readJob } from '../queue/job-rows.ts'
import { cancelAsUser } from '../queue/user-actions.fixture.ts'
import { useWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import { openCallCost } from './call-cost-rows.ts'

/** Calls whose answers are lost, at a provider that finds them by their idempotency keys. */

const MICROS = 10_000
const WAIT_MS = 60_000
let env: WorkerEnv

useWorkerEnv(opened => {
  env = opened
})

test.each([
  [{ submit: { kind: 'reset', taken: true, times: 1 } }, 'whose answer is cut off'],
  [{ submit: { kind: 'malformed', taken: true, times: 1 } }, 'whose answer cannot be read'],
  [
    {
      submit: { kind: 'reset', taken: true, times: 1 },
      lookup: { kind: 'status', status: 500, times: 1 },
    },
    'that cannot be looked up at once',
  ],
] as const)('adopts a call that the provider has, of %o, %s', async behavior => {
  env.fake.setBehavior(behavior)
  await env.startWorker()
  const made = await env.queueAndWait({ model: OWN_ID_MODEL, outputs: 2, outputMicros: MICROS })
  expect([made.status, made.outputs.map(({ state }) => state)]).toEqual(['completed', ['stored', 'stored']])
  expect(env.fake.requestLog.submits).toHaveLength(1)
  expect(await readCosts(made.id)).toEqual([{ call: 0, outcome: 'finished' }])
  expect(await env.journal.list(made.id)).toEqual([])
})

test('submits a call again that the provider never had, in the same round, and the first try costs nothing', async () => {
  env.fake.setBehavior({ submit: { kind: 'reset', times: 1 } })
  await env.startWorker()
  const id = await env.queue({ model: OWN_ID_MODEL, outputs: 2, outputMicros: MICROS })
  // It may still be on its way.
  await env.waitUntil(id, ({ waiting }) => waiting?.reason === 'recovering')
  expect(env.fake.requestLog.submits).toHaveLength(1)
  await env.database`update provider_calls set submitted_at = now() - interval '1 minute' where generation_id = ${id}`
  const made = await env.waitUntilEnded(id)
  expect(made).toMatchObject({ status: 'completed', cost: { amount: 0.02 } })
  const { submits, submitsByKey } = env.fake.requestLog
  expect(submits.map(({ id }) => id !== null)).toEqual([false, true])
  expect(submitsByKey).toEqual({ [`${made.id}:0`]: 2 })
  expect(await readCosts(made.id)).toEqual([
    { call: 0, outcome: 'not-billed' },
    { call: 0, outcome: 'finished' },
  ])
})

test.each([
  [1, 1],
  [2, 2],
])(
  'the outcome is unknown where the provider cannot tell; with `maxSubmits` %i there are %i calls',
  async (maxSubmits, calls) => {
    env.fake.setBehavior({ submit: { kind: 'reset', taken: true }, forgetsKeys: true })
    await env.startWorker({ maxSubmits })
    const failed = await env.queueAndWait({ model: OWN_ID_MODEL, outputMicros: MICROS })
    expect([failed.status, failed.error?.code]).toEqual(['failed', 'unknown_outcome'])
    expect(env.fake.requestLog.submits).toHaveLength(calls)
    expect(await readCosts(failed.id)).toEqual(
      Array.from({ length: calls }, (_, call) => ({ call, outcome: 'unknown' })),
    )
  },
)

test('asks nothing about the calls of other models', async () => {
  env.fake.setBehavior({ submit: { kind: 'reset', taken: true } })
  await env.startWorker()
  expect((await env.queueAndWait({})).error?.code).toBe('unknown_outcome')
  expect(env.fake.requestLog.lookups).toEqual([])
})

test.each([
  ['has', 1, 'completed'],
  ['never had', 1, 'completed'],
])(
  'of a call whose process was killed, and that the provider %s, there is %i submission',
  async (state, submits, status) => {
    const id = await insertOpenCall(env, OWN_ID_MODEL)
    await env.database`update provider_calls set submitted_at = now() - interval '1 minute' where generation_id = ${id}`
    if (state === 'has') await submitDirectly(env, { model: OWN_ID_MODEL, key: `${id}:0` })
    await env.startWorker()
    await env.publishJob(id)
    expect((await env.waitUntilEnded(id)).status).toBe(status as 'completed')
    expect(env.fake.requestLog.submits).toHaveLength(submits)
    expect(env.fake.requestLog.lookups).not.toEqual([])
  },
)

test('does not submit again what a process that cannot be seen may still send', async () => {
  const id = await insertOpenCall(env, OWN_ID_MODEL)
  const host = crypto.randomUUID()
  await env.database`insert into journal_hosts (id, name, seen_at) values (${host}, 'frozen', now() - interval '1 hour')`
  await env.database`
    update provider_calls set host = ${host}, submitted_at = now() - interval '1 hour' where generation_id = ${id}`
  await env.startWorker()
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).error?.code).toBe('unknown_outcome')
  expect(env.fake.requestLog.submits).toEqual([])
})

test('a check submits nothing, and says that the provider does not have the call', async () => {
  const id = await insertOpenCall(env, OWN_ID_MODEL)
  await env.database`update generation_jobs set mode = 'check' where generation_id = ${id}`
  await env.database`update provider_calls set submitted_at = now() - interval '1 hour' where generation_id = ${id}`
  await env.startWorker()
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).error?.code).toBe('request_unknown')
  expect(env.fake.requestLog.submits).toEqual([])
})

test.each([
  [true, 'not-billed', 1],
  [false, 'not-billed', 0],
])(
  'a lost call of a cancelled generation, which the provider took: %p, is cancelled there and costs nothing',
  async (wasTaken, outcome, cancels) => {
    const id = await insertOpenCall(env, OWN_ID_MODEL)
    await openCost(id)
    env.fake.setBehavior({ readyOutputs: 0 })
    if (wasTaken) await submitDirectly(env, { model: OWN_ID_MODEL, key: `${id}:0` })
    await cancelAsUser(env, id, { isPublished: false })
    const writer = await env.journal.open(callOf(id, OWN_ID_MODEL))
    await writer.markSent()
    await writer.end(new ProviderError('unknown_outcome'))
    const { deps } = await env.startWorker()
    await waitFor('an empty journal', WAIT_MS, async () => (await env.journal.list(id)).length === 0)
    await cancelOpenCalls(deps)
    expect(env.fake.requestLog.cancels).toHaveLength(cancels)
    expect(await readCosts(id)).toEqual([{ call: 0, outcome }])
  },
)

async function openCost(id: string): Promise<void> {
  const job = await readJob(env.database, id)
  const [call] = job?.calls ?? []
  if (!job || !call) throw new Error('expected a call')
  await transaction(env.database, tx => openCallCost(tx, job, call))
}

async function readCosts(id: string) {
  return [
    ...(await env.database`
      select call, outcome from call_costs where generation_id = ${id} order by call, attempt`),
  ]
}
