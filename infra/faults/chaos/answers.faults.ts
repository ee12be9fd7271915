import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { FAILPOINTS } from '../../src/runtime/failpoint.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitUntilLeaving } from '../../testing/studio/wait-until-leaving.ts'
import { expectStoredOnce, FIXED_ANSWER, submitAndWaitUntilSent } from './answer-actions.ts'
import { createImageDraft } from './load.ts'

/** An answer in hand is never dropped: not by a database that dies in a submission, nor by a stop or a kill of the processor. */

const OUTAGE_MS = 4_000
const GENERATIONS = 4

let stack: TestStack

beforeAll(async () => {
  const env = { PROVIDER_CONCURRENCY: '10', SHUTDOWN_GRACE_SECONDS: '1' }
  stack = await startTestStack({ isDurable: true, env })
})
afterEach(() => stack.clearFaults())
afterAll(() => stack[Symbol.asyncDispose]())

test.each([
  ['fake-image', 'before the answer'],
  ['fake-image', 'at the answer'],
  ['fake-image', 'just after the answer'],
  ['fake-bytes', 'before the answer'],
  ['fake-bytes', 'at the answer'],
  ['fake-bytes', 'just after the answer'],
])('V2: calls of %s complete with one bill each over a database that is killed %s', async (model, moment) => {
  await stack.fake.setBehavior({ submitDelayMs: 800, answer: { ...FIXED_ANSWER, delayMs: [800, 800] } })
  const ids = await submitAndWaitUntilSent(stack, model, GENERATIONS)
  if (moment !== 'before the answer') await stack.fake.waitForNextSubmit('answered')
  if (moment === 'just after the answer') await Bun.sleep(30)
  await stack.database.kill()
  await Bun.sleep(OUTAGE_MS)
  await stack.database.start()
  await expectStoredOnce(stack, ids)
  expect(await checkInvariants(stack)).toEqual([])
})

test.each([
  ['SIGTERM', 7_000],
  ['SIGINT', 7_000],
  ['SIGTERM', 14_000],
] as const)(
  'V3: a stop by %s waits for calls that answer with bytes after %i ms, beyond the grace period',
  async (signal, delayMs) => {
    await stack.fake.setBehavior({ answer: { ...FIXED_ANSWER, delayMs: [delayMs, delayMs] } })
    const ids = await submitAndWaitUntilSent(stack, 'fake-bytes', GENERATIONS)
    const exited = stack.processor.waitForExit()
    stack.processor.signal(signal)
    expect(await exited).toBe('exit 0')
    await expectStoredOnce(stack, ids)
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test('V3: a processor that is replaced while it works loses no answer', async () => {
  await stack.fake.setBehavior({ answer: { ...FIXED_ANSWER, delayMs: [7_000, 7_000] } })
  const ids = await submitAndWaitUntilSent(stack, 'fake-bytes', GENERATIONS)
  await stack.replaceProcessor()
  await expectStoredOnce(stack, ids)
  expect(await checkInvariants(stack)).toEqual([])
})

test('V3: a second signal gives up calls that have not answered, and nothing is bought twice', async () => {
  await stack.fake.setBehavior({ answer: { ...FIXED_ANSWER, delayMs: [20_000, 20_000] } })
  const ids = await submitAndWaitUntilSent(stack, 'fake-bytes', GENERATIONS)
  const exited = stack.processor.waitForExit()
  stack.processor.signal('SIGTERM')
  // A second signal counts only some time after the processor has noticed the first.
  await waitUntilLeaving(stack.processor)
  await Bun.sleep(2_500)
  expect(stack.processor.lives.at(-1)?.exit).toBe(null)
  stack.processor.signal('SIGTERM')
  await exited
  const { answers } = await stack.fake.readRequestLog()
  expect(answers.slice(-GENERATIONS).map(({ endedAt }) => endedAt)).toEqual(Array(GENERATIONS).fill(null))
  for (const id of ids) {
    const made = await stack.client.waitForGeneration(id, isFinished)
    expect([made.status, made.error?.code]).toEqual(['failed', 'unknown_outcome'])
  }
  expect(await checkInvariants(stack)).toEqual([])
})

test.each([
  ['answer-received', 'fake-bytes'],
  ['answer-read', 'fake-bytes'],
  ['mid-upload', 'fake-bytes'],
  ['before-journal-remove', 'fake-bytes'],
  ['after-submit', 'fake-image'],
  ['after-request-id', 'fake-image'],
  ['before-journal-remove', 'fake-image'],
])(
  'I13: a processor that is killed at %s, with an answer of %s in hand, has it stored by the next one, with one bill',
  async (at, model) => {
    const id = await submitAndKillAt(at, model)
    await expectStoredOnce(stack, [id], countOutputs(at))
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test('I13: of an answer that had only begun when its processor was killed nothing is bought twice', async () => {
  const id = await submitAndKillAt('answer-begun', 'fake-bytes')
  await stack.client.waitForGeneration(id, isFinished)
  const { answers } = await stack.fake.readRequestLog()
  expect(answers.filter(({ idempotencyKey }) => idempotencyKey?.startsWith(id))).toHaveLength(1)
  expect(await checkInvariants(stack)).toEqual([])
})

/** Returns how many outputs to ask for: the first of two is uploaded before the second is made, and a kill then is one before the answer's end. */
function countOutputs(at: string): number {
  return at === 'mid-upload' ? 1 : 2
}

/** Submits a generation to a processor that kills itself at a failpoint. Resolves when it is gone. @returns the generation's id */
async function submitAndKillAt(at: string, model: string): Promise<string> {
  expect(FAILPOINTS as readonly string[]).toContain(at)
  await stack.fake.setBehavior({ answer: FIXED_ANSWER })
  await stack.processor.restart({ FAIL_AT: `${at}:kill` })
  const exited = stack.processor.waitForExit()
  const { id } = await stack.client.submit({ ...createImageDraft(at, { numOutputs: countOutputs(at) }), model })
  expect(await exited).toBe('SIGKILL')
  return id
}
