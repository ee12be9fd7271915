import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import type { BehaviorChange } from '../../testing/fake-provider/behavior.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createImageDraft } from './load.ts'
import { generate, listOutputStates } from './stack-actions.ts'

/** A provider that misbehaves in every known way. */

const LIMIT_MS = 150_000
const NO_SUBMITS = { accepted: 0, sent: 1 }

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ env: { GENERATION_MAX_SECONDS: '15', PROVIDER_CONCURRENCY: '4' } })
})
afterEach(async () => {
  await stack.clearFaults()
  // A success closes the provider's circuit breaker: three failures in a row would open it for the next test.
  expect((await generate(stack.client, 'well again')).status).toBe('completed')
})
afterAll(() => stack[Symbol.asyncDispose]())

interface Misbehavior {
  name: string
  behavior: BehaviorChange
  status: Generation['status']
  code?: string
  /** Submissions that it accepted, and that it received. */
  submits?: { accepted: number; sent: number }
}

const UNKNOWN_OUTCOME = { status: 'failed', code: 'unknown_outcome', submits: NO_SUBMITS } as const
const ONE_SUBMIT = { accepted: 1, sent: 1 }

const MISBEHAVIORS: Misbehavior[] = [
  {
    name: 'too many requests, retry after a second',
    behavior: { submit: { kind: 'status', status: 429, retryAfter: '1', times: 1 } },
    status: 'completed',
    submits: { accepted: 1, sent: 2 },
  },
  {
    name: 'busy once',
    behavior: { submit: { kind: 'status', status: 503, times: 1 } },
    status: 'completed',
    submits: { accepted: 1, sent: 2 },
  },
  { name: 'an internal error', behavior: { submit: { kind: 'status', status: 500 } }, ...UNKNOWN_OUTCOME },
  {
    name: 'an internal error after it accepted the work',
    behavior: { submit: { kind: 'status', status: 500, taken: true } },
    ...UNKNOWN_OUTCOME,
    submits: ONE_SUBMIT,
  },
  {
    name: 'a connection that breaks',
    behavior: { submit: { kind: 'reset', taken: true } },
    ...UNKNOWN_OUTCOME,
    submits: ONE_SUBMIT,
  },
  { name: 'a response cut in the middle', behavior: { submit: { kind: 'cut' } }, ...UNKNOWN_OUTCOME },
  { name: 'a response that is not JSON', behavior: { submit: { kind: 'malformed' } }, ...UNKNOWN_OUTCOME },
  { name: 'a response of another shape', behavior: { submit: { kind: 'wrong-shape' } }, ...UNKNOWN_OUTCOME },
  {
    name: 'checks that fail twice',
    behavior: { check: { kind: 'status', status: 500, times: 2 } },
    status: 'completed',
    submits: ONE_SUBMIT,
  },
  {
    name: 'a check whose response is cut',
    behavior: { check: { kind: 'cut', times: 1 } },
    status: 'completed',
    submits: ONE_SUBMIT,
  },
  {
    name: 'a refusal of the prompt',
    behavior: { failure: { code: 'content_refused', message: 'SECRET words' } },
    status: 'failed',
    code: 'content_refused',
    submits: ONE_SUBMIT,
  },
  ...(['missing', 'null', 'not-a-list', 'empty', 'hostile'] as const).map(output => ({
    name: `a list of outputs that is ${output}`,
    behavior: { output },
    status: 'failed' as const,
    submits: ONE_SUBMIT,
  })),
  ...(['fewer', 'more', 'twice'] as const).map(output => ({
    name: `a list of outputs with ${output}`,
    behavior: { output },
    status: 'completed' as const,
    submits: ONE_SUBMIT,
  })),
]

test.each(MISBEHAVIORS.map(misbehavior => [misbehavior.name, misbehavior] as const))(
  'F26: %s',
  async (_, { behavior, status, code, submits }) => {
    await stack.fake.setBehavior(behavior)
    const made = await generate(stack.client, 'misbehaved')
    expect(made.status).toBe(status)
    if (code !== undefined) expect(made.error?.code).toBe(code)
    if (submits) expect(await countSubmits(made.id)).toEqual(submits)
    expect(JSON.stringify(made)).not.toContain('SECRET')
  },
)

test('F26: payment required: one generation fails, and the next waits until a user has the connection checked', async () => {
  await stack.fake.setBehavior({ submit: { kind: 'status', status: 402 } })
  const failed = await generate(stack.client, 'unpaid')
  expect([failed.status, failed.error?.code]).toEqual(['failed', 'payment_required'])
  expect(await countSubmits(failed.id)).toEqual(NO_SUBMITS)
  await stack.clearFaults()
  const { id } = await stack.client.submit(createImageDraft('paid'))
  await stack.client.waitForGeneration(id, ({ waiting }) => waiting?.reason === 'no-credit')
  expect(await countSubmits(id)).toEqual({ accepted: 0, sent: 0 })
  await stack.sql`update connections set check_requested_at = clock_timestamp() where id = 'fake'`
  expect((await stack.client.waitForGeneration(id, isFinished)).status).toBe('completed')
  expect(await checkInvariants(stack)).toEqual([])
})

test('F26: files that are cut, mislabelled, gone, redirected or endless harm no other, and those that recover are rehosted', async () => {
  const files = {
    1: { kind: 'truncated' },
    2: { kind: 'cut-without-length' },
    3: { kind: 'html' },
    4: { kind: 'garbage' },
    5: { kind: 'redirect', to: 'http://127.0.0.1:1/' },
    6: { kind: 'status', status: 410 },
    7: { kind: 'status', status: 500, times: 1 },
    8: { kind: 'cut-in-chunks' },
    9: { kind: 'endless' },
  } satisfies BehaviorChange['files']
  // A busy machine has not tried all of them again when the time of the other tests is up.
  await stack.processor.restart({ GENERATION_MAX_SECONDS: '120' })
  await stack.fake.setBehavior({ files })
  const { id } = await stack.client.submit(createImageDraft('all kinds of files', { numOutputs: 10 }))
  const made = await stack.client.waitForGeneration(id, isFinished, LIMIT_MS)
  await stack.processor.restart()
  expect(made.status).toBe('completed')
  const states = listOutputStates(made)
  expect([states[0], states[7]]).toEqual(['stored', 'stored'])
  expect(states.filter(state => state === 'temporary').length).toBe(8)
  expect(await checkInvariants(stack)).toEqual([])

  await stack.fake.setBehavior({ files: { 6: { kind: 'status', status: 410 } } })
  const settled = await stack.client.waitForGeneration(made.id, ({ outputs }) => {
    // Skips the pauses between the tries.
    void stack.sql`update rehosts set next_try_at = now()`.catch(() => {})
    return outputs.every(({ state }) => state === 'stored' || state === 'lost')
  })
  expect(settled.outputs.filter(({ state }) => state === 'lost').map(({ index }) => index)).toEqual([6])
  expect(await checkInvariants(stack)).toEqual([])
})

test('F26: a file that never arrives is left at the provider after the time limit', async () => {
  await stack.fake.setBehavior({ files: { 1: { kind: 'hang' } } })
  const made = await generate(stack.client, 'a file that hangs')
  expect([made.status, listOutputStates(made)]).toEqual(['completed', ['stored', 'temporary']])
  expect(await checkInvariants(stack)).toEqual([])
})

test('F26: a provider that hangs delays no other, and continues once it responds', async () => {
  await stack.fake.setBehavior({ delayMs: 4_000 })
  const hung = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7, 8].map(at => stack.client.submit(createImageDraft(`hung ${at}`))),
  )
  // The outcome of a call that is held on its way for longer than the time limit is unknown, and rightly so.
  await waitFor('The request ids of all calls that may be open at once', LIMIT_MS, async () => {
    const ids = hung.map(({ id }) => id)
    const noted =
      await stack.sql`select from provider_calls where generation_id in ${stack.sql(ids)} and request_id is not null`
    return noted.length >= 4
  })
  stack.proxies.provider.setFault({ kind: 'black-hole' })
  for (const prompt of ['dunes', 'hills', 'clouds']) {
    const drawn = await stack.client.submit({ ...createImageDraft(prompt), model: 'demo' })
    expect((await stack.client.waitForGeneration(drawn.id, isFinished)).status).toBe('completed')
  }
  stack.proxies.provider.setFault({ kind: 'none' })
  for (const { id } of hung) expect(isFinished(await stack.client.waitForGeneration(id, isFinished))).toBe(true)
  expect(await checkInvariants(stack)).toEqual([])
})

test('a cancelled generation is cancelled at its provider, although the processor is killed', async () => {
  await stack.fake.setBehavior({ queuePosition: 0, lookAgainSeconds: 0.2 })
  const made = await stack.client.submit(createImageDraft('cancelled'))
  await stack.fake.waitForRequests(({ submits }) => submits.some(({ prompt }) => prompt === 'cancelled'))
  await stack.client.waitForGeneration(made.id, ({ waiting }) => waiting?.reason === 'provider-queue')
  await stack.fake.setBehavior({ cancel: { kind: 'reset', times: 1 } })
  const died = stack.processor.waitForExit()
  stack.processor.signal('SIGKILL')
  expect(await stack.client.cancel(made.id)).toMatchObject({ cancelled: true })
  expect(await died).toBe('SIGKILL')
  await stack.fake.waitForRequests(({ cancels }) => cancels.length === 1)
  // Skips the pause between two tries.
  await stack.sql`update provider_calls set cancel_tried_at = null`
  await stack.fake.waitForRequests(({ cancels }) => cancels.some(({ status }) => status === 'canceled'))
  expect((await stack.client.getGeneration(made.id)).status).toBe('cancelled')
  expect(await checkInvariants(stack)).toEqual([])
})

async function countSubmits(id: string): Promise<{ accepted: number; sent: number }> {
  const { submits } = await stack.fake.readRequestLog()
  const sent = submits.filter(({ idempotencyKey }) => idempotencyKey?.startsWith(id))
  return { accepted: sent.filter(submit => submit.id !== null).length, sent: sent.length }
}
