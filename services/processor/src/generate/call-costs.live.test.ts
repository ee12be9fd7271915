import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test'
import { transaction } from '@darkroom/infra/database/transaction'
import { updateGenerationCost } from '@darkroom/infra/generations/cost'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { createFakeAdapter } from '../../testing/fake-adapter.ts'
import { createBytesAnswer, insertOpenCall, submitDirectly, writeAnswer } from '../answers/answers.fixture.ts'
import type { Adapter, Receipt } from '../providers/adapter.ts'
import { cancelOpenCalls } from '../queue/cancel.ts'
import { readJob } from '../queue/job-rows.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'
import { cancelAsUser, retryAsUser } from '../queue/user-actions.fixture.ts'
import { openWorkerEnv, type WorkerEnv } from '../worker-env.fixture.ts'
import { openCallCost } from './call-cost-rows.ts'

const MICROS = 40_000
const WAIT_MS = 60_000
const REPORTED: Receipt = { cost: { micros: 31_000, currency: 'USD' } }
let env: WorkerEnv

beforeAll(async () => {
  env = await openWorkerEnv()
})
afterAll(() => env[Symbol.asyncDispose]())
beforeEach(() => env.fake.reset())
afterEach(() => env.stopWorkers())

test('a generation costs what its calls are estimated to cost, and nothing is written for a free or an unpriced model', async () => {
  await env.startWorker()
  const priced = await env.queueAndWait({ outputs: 6, outputMicros: MICROS })
  expect(priced.cost).toEqual({ amount: 0.24, currency: 'USD', estimated: true })
  // The model takes four outputs a call.
  expect(await readCosts(priced.id)).toEqual([
    { outcome: 'finished', count: 4, outputs: 4, estimated: 160_000, reported: null, ended: true },
    { outcome: 'finished', count: 2, outputs: 2, estimated: 80_000, reported: null, ended: true },
  ])
  expect((await env.queueAndWait({ outputMicros: 0 })).cost).toBeNull()
  expect((await env.queueAndWait({})).cost).toBeNull()
})

test.each([
  [{ cost: { micros: 12_345.4, currency: 'EUR' } }, MICROS, { amount: 0.012345, currency: 'EUR', estimated: false }],
  [{ cost: { micros: 500, currency: 'USD' } }, undefined, { amount: 0.0005, currency: 'USD', estimated: false }],
  [{ usage: { tokens: 7 }, trace: 'req_1' }, MICROS, { amount: 0.04, currency: 'USD', estimated: true }],
] satisfies [Receipt, number | undefined, object][])(
  'what the provider reports replaces the estimate: %o',
  async (receipt, outputMicros, cost) => {
    await env.startWorker({ adapters: [createReportingAdapter(receipt)] })
    const generation = await env.queueAndWait({ model: 'fake-bytes', ...(outputMicros && { outputMicros }) })
    expect(generation).toMatchObject({ status: 'completed', cost })
  },
)

test.each([
  [{ cost: { micros: Number.POSITIVE_INFINITY, currency: 'USD' } }],
  [{ cost: { micros: 1e300, currency: 'USD' } }],
  [{ cost: { micros: -5, currency: 'USD' } }],
  [{ cost: { micros: Number.NaN, currency: 'USD' } }],
  [{ revisedPrompt: 'a\0b \ud800' }],
  [{ usage: { 'a\0': 1, b: Number.NaN } }],
  [{ trace: 'a\0b' }],
  [{ model: 'a\0b \ud800'.repeat(100) }],
] satisfies [Receipt][])('an image is not lost by what its provider reports beside it: %j', async receipt => {
  await env.startWorker({ adapters: [createReportingAdapter(receipt)] })
  const generation = await env.queueAndWait({ model: 'fake-bytes', outputMicros: MICROS })
  expect(generation).toMatchObject({ status: 'completed', cost: { amount: 0.04, estimated: true } })
})

test.each([
  ['vendor/cheaper-model', 'vendor/cheaper-model'],
  ['fake-bytes-2026-11-01', null],
])('the row says which model really ran: %s', async (model, ranModel) => {
  await env.startWorker({ adapters: [createReportingAdapter({ model })] })
  expect(await env.queueAndWait({ model: 'fake-bytes' })).toMatchObject({ status: 'completed', ranModel })
})

test('a call that is refused costs nothing, and one that the provider fails is paid for', async () => {
  env.fake.setBehavior({ submit: { kind: 'status', status: 422 } })
  await env.startWorker()
  const refused = await env.queueAndWait({ outputMicros: MICROS })
  expect(refused).toMatchObject({ status: 'failed', cost: { amount: 0, estimated: false } })
  expect(await readCosts(refused.id)).toMatchObject([{ outcome: 'not-billed', outputs: 0 }])
  env.fake.setBehavior({ submit: null, failure: { code: 'broken', message: '' } })
  const failed = await env.queueAndWait({ outputMicros: MICROS })
  expect(failed).toMatchObject({ status: 'failed', cost: { amount: 0.04, estimated: true } })
  expect(await readCosts(failed.id)).toMatchObject([{ outcome: 'failed', outputs: 0 }])
})

test.each([
  [{}, 'not-billed', 0],
  [{ cancelTooLate: true }, 'failed', 0.04],
] as const)('the answer to a cancel decides what the generation has cost: %o', async (behavior, outcome, amount) => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5, ...behavior })
  const { deps } = await env.startWorker()
  const id = await env.queue({ outputMicros: MICROS })
  await env.fake.waitForRequests(log => log.checks.length > 0)
  await cancelAsUser(env, id, { isPublished: false })
  const { version } = await env.read(id)
  await cancelOpenCalls(deps)
  expect(await env.read(id)).toMatchObject({ status: 'cancelled', cost: { amount }, version: version + 1 })
  expect(await readCosts(id)).toMatchObject([{ outcome, ended: true }])
})

test('a call that answers after its generation was cancelled costs what it reports', async () => {
  env.fake.setBehavior({ readyOutputs: 0 })
  const receipt = { cost: { micros: 31_000, currency: 'USD' } }
  const worker = await env.startWorker({ adapters: [createReportingAdapter(receipt)] })
  const id = await env.queue({ model: 'fake-bytes', outputMicros: MICROS })
  await env.fake.waitForRequests(log => log.submits.length === 1)
  await cancelAsUser(env, id, { isPublished: false })
  worker.deps.activeJobs.recheck(id)
  await env.waitUntil(id, ({ status }) => status === 'cancelled')
  env.fake.setBehavior({ readyOutputs: null })
  const settled = await env.waitUntil(id, ({ cost }) => cost?.estimated === false)
  expect(settled).toMatchObject({ status: 'cancelled', cost: { amount: 0.031 } })
  expect(await readCosts(id)).toMatchObject([{ outcome: 'failed', outputs: 0, reported: 31_000, ended: true }])
})

test('a call that was cancelled too late costs what it reports once it has ended at its provider', async () => {
  env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5, cancelTooLate: true })
  const { deps } = await env.startWorker({ adapters: [createReportingAdapter(REPORTED)] })
  const id = await env.queue({ outputMicros: MICROS })
  await env.fake.waitForRequests(log => log.checks.length > 0)
  await cancelAsUser(env, id, { isPublished: false })
  await cancelOpenCalls(deps)
  expect((await env.read(id)).cost).toMatchObject({ amount: 0.04, estimated: true })
  env.fake.setBehavior({ readyOutputs: null })
  for (let times = 0; times < 2; times++) {
    await env.database`update provider_calls set cancel_tried_at = now() - interval '31 seconds' where generation_id = ${id}`
    await cancelOpenCalls(deps)
  }
  expect((await env.read(id)).cost).toMatchObject({ amount: 0.031, estimated: false })
  expect(env.fake.requestLog.cancels).toHaveLength(1)
  expect(
    await env.database`select finished_at is not null as ended from provider_calls where generation_id = ${id}`,
  ).toMatchObject([{ ended: true }])
  await retryAsUser(env, id, 'make')
  expect((await env.waitUntilEnded(id)).status).toBe('completed')
  expect(env.fake.requestLog.submits).toHaveLength(1)
})

test.each([
  ['fake-image', 'by its request id', 0, { outcome: 'finished', reported: 31_000 }],
  ['fake-bytes', 'in the journal', 0, { outcome: 'finished', reported: 31_000 }],
  ['fake-bytes', 'in the journal, cut off', 50, { outcome: 'unknown' }],
] as const)(
  'the bill for a call of %s whose worker was killed once its outputs were stored is found %s',
  async (model, _, missingBytes, cost) => {
    const id = await insertStoredCall(model, missingBytes)
    await env.startWorker({ adapters: [createReportingAdapter(REPORTED)] })
    await env.publishJob(id)
    expect((await env.waitUntilEnded(id)).status).toBe('completed')
    await waitFor('a settled bill', WAIT_MS, async () => (await readCosts(id))[0]?.ended)
    expect(await readCosts(id)).toMatchObject([{ ...cost, outputs: 2 }])
    expect(env.fake.requestLog.submits).toHaveLength(model === 'fake-image' ? 1 : 0)
  },
)

test.each([
  ['refunds', 'not-billed'],
  ['billed', 'unknown'],
] as const)(
  'a call that is found cancelled, of a model whose cancel is %s, has the bill %s',
  async (cancel, outcome) => {
    const adapter = createFakeAdapter({ url: env.fake.url })
    const models = async (signal: AbortSignal) => (await adapter.models(signal)).map(model => ({ ...model, cancel }))
    env.fake.setBehavior({ readyOutputs: 0, lookAgainSeconds: 5 })
    await env.startWorker({ adapters: [{ ...adapter, models }] })
    const id = await env.queue({ outputMicros: MICROS })
    await env.fake.waitForRequests(log => log.checks.length > 0)
    await cancelAsUser(env, id, { isPublished: false })
    const [call] = await env.database<{ handle: string }[]>`
    update provider_calls set cancel_tried_at = now() where generation_id = ${id} returning request_id as handle`
    await adapter.cancel(call?.handle ?? '', AbortSignal.timeout(60_000))
    env.fake.setBehavior({ readyOutputs: null })
    await retryAsUser(env, id, 'make')
    expect((await env.waitUntilEnded(id)).status).toBe('completed')
    expect((await readCosts(id))[0]).toMatchObject({ outcome })
  },
)

test('the bill for an answer that broke off, of a generation that was cancelled, is unknown', async () => {
  const id = await insertOpenCall(env, 'fake-bytes')
  await openCost(id)
  await cancelAsUser(env, id, { isPublished: false })
  await writeAnswer(env, id, 'fake-bytes', (await createBytesAnswer([0, 1])).subarray(0, -50))
  await env.startWorker()
  await waitFor('a settled bill', WAIT_MS, async () => (await readCosts(id))[0]?.ended)
  expect(await readCosts(id)).toMatchObject([{ outcome: 'unknown' }])
})

test('the bill for a call that is under way when its generation is given up is unknown', async () => {
  const id = await insertOpenCall(env, 'fake-image')
  await openCost(id)
  await env.database`update provider_calls set request_id = 'under-way' where generation_id = ${id}`
  await env.database`update generation_jobs set failures = 5 where generation_id = ${id}`
  await env.startWorker()
  await env.publishJob(id)
  expect((await env.waitUntilEnded(id)).error?.code).toBe('gave_up')
  expect(await readCosts(id)).toMatchObject([{ outcome: 'unknown', ended: true }])
})

test('an import keeps its cost', async () => {
  const id = await insertQueuedGeneration(env.database, { workspaceId: env.workspaceId })
  await env.database`update generations set cost = '{"amount": 3, "currency": "USD", "estimated": false}' where id = ${id}`
  expect(await updateGenerationCost(env.database, { ...env, id })).toBe(false)
  expect((await env.read(id)).cost?.amount).toBe(3)
})

/** Inserts a generation whose processor was killed when the outputs of its call had been stored. */
async function insertStoredCall(model: string, missingBytes: number): Promise<string> {
  const id = await insertOpenCall(env, model)
  await openCost(id)
  await env.database`update generation_outputs set state = 'stored', key = 'w/' || index where generation_id = ${id}`
  if (model === 'fake-bytes') {
    const answer = await createBytesAnswer([0, 1])
    await writeAnswer(env, id, model, answer.subarray(0, answer.byteLength - missingBytes))
  } else {
    const { id: handle } = JSON.parse(await submitDirectly(env))
    await env.database`update provider_calls set request_id = ${handle} where generation_id = ${id}`
  }
  return id
}

async function openCost(id: string): Promise<void> {
  const job = await readJob(env.database, id)
  const [call] = job?.calls ?? []
  if (!job || !call) throw new Error('expected a call')
  await transaction(env.database, tx => openCallCost(tx, job, call))
}

/** Creates an adapter that reports about each call that has ended. */
function createReportingAdapter(receipt: Receipt): Adapter {
  const adapter = createFakeAdapter({ url: env.fake.url })
  const { submitting } = adapter
  if (submitting.kind !== 'remote') throw new Error('expected a remote adapter')
  return {
    ...adapter,
    check: async (handle, signal, options) => {
      const checked = await adapter.check(handle, signal)
      if (checked.kind !== 'waiting') options?.onReceipt?.(receipt)
      return checked
    },
    submitting: {
      ...submitting,
      readAnswer: async (answer, options) => {
        const read = await submitting.readAnswer(answer, options)
        if (read.kind === 'outputs') options.onReceipt?.(receipt)
        return read
      },
    },
  }
}

async function readCosts(id: string) {
  return [
    ...(await env.database`
    select outcome, count, outputs, estimated_micros::int as estimated, reported_micros::int as reported, ended_at is not null as ended
    from call_costs where generation_id = ${id} order by call`),
  ]
}
