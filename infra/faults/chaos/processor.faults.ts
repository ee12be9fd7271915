import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Generation } from '@darkroom/contracts/generation'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import type { FaultService } from '../../testing/studio/fault-service.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createImageDraft } from './load.ts'
import { listOutputStates, withAnotherProcessor } from './stack-actions.ts'

/** Processors that are killed, frozen, stalled and stopped at each step of a generation. */

const HANG_MS = 60_000
const LEASE_MS = 3_000

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ env: { PROVIDER_CONCURRENCY: '10', UPLOAD_MEMORY_MB: '256' } })
})
afterEach(() => stack.clearFaults())
afterAll(() => stack[Symbol.asyncDispose]())

test.each([
  'before-claim',
  'after-claim',
  'before-submit',
  'answer-received',
  'answer-read',
  'after-submit',
  'before-journal-remove',
  'after-request-id',
  'before-hand-back',
  'mid-upload',
  'after-finish',
])('F1: a processor that is killed at %s loses nothing and buys nothing twice', async at => {
  // What is ready at the first look is not handed back.
  await stack.fake.setBehavior({ readyOutputs: at === 'before-hand-back' ? 0 : null, lookAgainSeconds: 0.5 })
  const made = await generateDespiteKill(at, createImageDraft(at))
  expect([made.status, listOutputStates(made)]).toEqual(['completed', ['stored', 'stored']])
  expect(await countSubmits(made.id)).toBe(1)
  expect(await checkInvariants(stack)).toEqual([])
})

test('F1: after a kill while the provider works the outcome is unknown and shown as such, and only a user may buy it again', async () => {
  await stack.fake.setBehavior({ delayMs: 60_000 })
  const { id } = await stack.client.submit({ ...createImageDraft('as bytes'), model: 'fake-bytes' })
  await waitFor('The submission', HANG_MS, async () => (await countSubmits(id)) === 1)
  stack.processor.signal('SIGKILL')
  const made = await stack.client.waitForGeneration(id, isFinished)
  expect([made.status, made.error?.code]).toEqual(['failed', 'unknown_outcome'])
  await stack.fake.setBehavior({ delayMs: 0 })
  expect(await stack.client.rerun(made.id, 'check')).toBe(false)
  expect(await stack.client.rerun(made.id, 'retry')).toBe(true)
  const again = await stack.client.waitForGeneration(made.id, isFinished)
  expect([again.status, listOutputStates(again)]).toEqual(['completed', ['stored', 'stored']])
  expect(await countSubmits(made.id)).toBe(2)
  expect(await checkInvariants(stack)).toEqual([])
})

test.each([
  ['has', 1],
  ['never had', 2],
] as const)(
  'F1: after a kill during a submission with an id of ours, which the provider %s, there are %i requests and one bill',
  async (state, requests) => {
    await stack.fake.setBehavior(state === 'has' ? { submitDelayMs: 60_000 } : { submit: { kind: 'hang', times: 1 } })
    const { id } = await stack.client.submit({ ...createImageDraft('by our id'), model: 'fake-own-id' })
    const { submits: before } = await stack.fake.waitForRequests(({ submits }) => submits.some(isOf(id)))
    expect(before.filter(isOf(id))).toHaveLength(1)
    stack.processor.signal('SIGKILL')
    await stack.fake.setBehavior({ submitDelayMs: 0 })
    // It is not on its way any more.
    await stack.sql`update provider_calls set submitted_at = now() - interval '1 minute' where generation_id = ${id}`
    const made = await stack.client.waitForGeneration(id, isFinished)
    expect([made.status, listOutputStates(made)]).toEqual(['completed', ['stored', 'stored']])
    const { submits } = await stack.fake.readRequestLog()
    expect([submits.filter(isOf(id)).length, await countSubmits(id)]).toEqual([requests, 1])
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test.each([
  ['answer-received', 2],
  ['answer-read', 2],
  // The first output is uploaded while the second is still being made, and a kill then is one in the middle of the answer.
  ['mid-upload', 1],
  ['before-journal-remove', 2],
  ['after-finish', 2],
] as const)('F1: outputs that came as bytes are stored after a kill at %s, with one bill', async (at, numOutputs) => {
  const draft = { ...createImageDraft('as bytes', { numOutputs }), model: 'fake-bytes' }
  const made = await generateDespiteKill(at, draft)
  expect([made.status, listOutputStates(made)]).toEqual([
    'completed',
    Array.from({ length: numOutputs }, () => 'stored'),
  ])
  expect(await countSubmits(made.id)).toBe(1)
  expect(await checkInvariants(stack)).toEqual([])
})

test.each([
  ['F5', 'after-request-id:stop'],
  ['F5', 'mid-upload:stop'],
  ['F30', 'after-request-id:stall'],
])(
  '%s: a worker that resumes at %s after another took over changes nothing, and its write is counted',
  async (_, FAIL_AT) => {
    await stack.processor.restart({ FAIL_AT })
    const { id } = await stack.client.submit(createImageDraft(FAIL_AT))
    await waitUntilClaimedBy(stack.processor, id)
    await withAnotherProcessor(stack, {}, async () => {
      const made = await stack.client.waitForGeneration(id, isFinished)
      expect([made.status, made.attempt]).toEqual(['completed', 2])
      expect(made.outputs.map(({ url }) => url?.includes(`/${id}/2/`))).toEqual([true, true])
      stack.processor.signal('SIGCONT')
      const isCounted = async () => (await stack.processor.readMetric('stale_writes_total')) > 0
      await waitFor('A stale write', HANG_MS, isCounted)
      expect(await stack.client.getGeneration(id)).toEqual(made)
      expect(await countSubmits(id)).toBe(1)
    })
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test.each([
  ['finishes those that it can', true],
  ['releases the others', false],
])(
  'F6: a processor that is stopped while ten generations are stored %s, and exits in order',
  async (_, areReleased) => {
    // Ten outputs are stored within the grace period also on a busy machine.
    if (areReleased) await stack.processor.restart({ SHUTDOWN_GRACE_SECONDS: '45' })
    await stack.fake.setBehavior({ holdFiles: true })
    const submitted = Array.from({ length: 10 }, (_, at) =>
      stack.client.submit(createImageDraft(`ten ${at}`, { numOutputs: 1 })),
    )
    const ids = (await Promise.all(submitted)).map(({ id }) => id)
    await stack.fake.waitForRequests(({ filesInFlight }) => filesInFlight === 10)
    const died = stack.processor.waitForExit()
    stack.processor.signal('SIGTERM')
    if (areReleased) await stack.fake.setBehavior({ holdFiles: false })
    expect(await died).toBe('exit 0')
    await stack.fake.setBehavior({ holdFiles: false })
    const made = await Promise.all(ids.map(id => stack.client.waitForGeneration(id, isFinished)))
    expect(made.map(({ status }) => status)).toEqual(Array(10).fill('completed'))
    if (areReleased) expect(made.map(({ attempt }) => attempt)).toEqual(Array(10).fill(1))
    const [counted] = await stack.sql<{ failures: number }[]>`
      select sum(failures)::int as failures from generation_jobs where generation_id = any(${ids}::uuid[])`
    expect(counted?.failures).toBe(0)
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test('F15: gives up a generation that always kills its worker; one whose provider is always down fails', async () => {
  await stack.processor.restart({ FAIL_AT: 'after-claim:stop' })
  const fatal = await stack.client.submit(createImageDraft('fatal'))
  await waitUntilClaimedBy(stack.processor, fatal.id)
  await stack.sql`update generation_jobs set failures = 5 where generation_id = ${fatal.id}`
  stack.processor.signal('SIGKILL')
  const over = await stack.client.waitForGeneration(fatal.id, isFinished)
  expect([over.status, over.error?.code]).toEqual(['failed', 'gave_up'])

  await stack.fake.setBehavior({ submit: { kind: 'status', status: 503 } })
  const refused = await stack.client.submit(createImageDraft('refused'))
  await setFailuresOnceReleased(refused.id)
  const failed = await stack.client.waitForGeneration(refused.id, isFinished)
  expect([failed.status, failed.error?.code]).toEqual(['failed', 'provider_busy'])
  await stack.fake.setBehavior({ submit: null })
  expect(await checkInvariants(stack)).toEqual([])
})

test('F29: processors whose clocks are an hour off take nothing from one another', async () => {
  const CLOCK = { BUN_OPTIONS: `--preload ${join(import.meta.dirname, 'clock.fixture.ts')}` }
  await stack.processor.restart({ ...CLOCK, CLOCK_WRONG_MS: '-3600000' })
  await stack.fake.setBehavior({ holdFiles: true })
  const { id } = await stack.client.submit(createImageDraft('longer than a lease'))
  await waitUntilClaimedBy(stack.processor, id)
  await withAnotherProcessor(stack, { ...CLOCK, CLOCK_WRONG_MS: '3600000' }, async () => {
    await stack.busAdmin.publish('jobs.generate.fake', JSON.stringify({ v: 1, type: 'generation.queued', id }))
    const other = await stack.client.submit({ ...createImageDraft('by any of them'), model: 'fake-bytes' })
    expect((await stack.client.waitForGeneration(other.id, isFinished)).status).toBe('completed')
    await Bun.sleep(2 * LEASE_MS)
    await stack.fake.setBehavior({ holdFiles: false })
    expect(await stack.client.waitForGeneration(id, isFinished)).toMatchObject({ status: 'completed', attempt: 1 })
  })
  await stack.processor.restart()
  expect(await checkInvariants(stack)).toEqual([])
})

async function generateDespiteKill(
  at: string,
  draft: Parameters<TestStack['client']['submit']>[0],
): Promise<Generation> {
  await stack.processor.restart({ FAIL_AT: `${at}:kill` })
  const died = stack.processor.waitForExit()
  const { id } = await stack.client.submit(draft)
  expect(await died).toBe('SIGKILL')
  await stack.fake.setBehavior({ readyOutputs: null })
  return await stack.client.waitForGeneration(id, isFinished)
}

async function waitUntilClaimedBy(processor: FaultService, id: string): Promise<void> {
  const { pid } = processor
  const isClaimed = async () => {
    const [row] = await stack.sql`
      select from generation_jobs where generation_id = ${id} and lease_owner like ${`%${pid}%`}`
    return row !== undefined
  }
  await waitFor('A claim', HANG_MS, isClaimed)
}

/** Raises the failures of a generation to the maximum, once it has failed and has no lease. */
async function setFailuresOnceReleased(id: string): Promise<void> {
  const update = async () => {
    const { count } = await stack.sql`
      update generation_jobs set failures = 5 where generation_id = ${id} and failures > 0 and lease_until is null`
    return count === 1
  }
  await waitFor('A first failure', HANG_MS, update)
}

async function countSubmits(id: string): Promise<number> {
  const { submits } = await stack.fake.readRequestLog()
  return submits.filter(submit => submit.id !== null && isOf(id)(submit)).length
}

function isOf(id: string) {
  return ({ idempotencyKey }: { idempotencyKey: string | null }) => idempotencyKey?.startsWith(id) ?? false
}
