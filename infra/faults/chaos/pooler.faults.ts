import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { createImageDraft } from './load.ts'

/** PgBouncer in transaction mode between the services and the database, with fewer connections than the services have. */

const LIMIT_MS = 180_000
const UNDISTURBED_PROMPTS = 20
const PROMPTS = 60
const KILLS = 2
/** Times that the sessions are ended before and after each kill. */
const ENDS = 4
const AWAY_MS = 1_000
const MODELS = ['fake-image', 'fake-bytes']

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({
    isDurable: true,
    pooler: { mode: 'transaction', connections: 6 },
    env: { PROVIDER_CONCURRENCY: '4' },
  })
  await Promise.all([stack.addProcessor(), stack.addProcessor()])
})
afterEach(() => stack.clearFaults())
afterAll(() => stack[Symbol.asyncDispose]())

test('every prompt is submitted to the provider once and completes, and no request fails, through a pooler in transaction mode', async () => {
  const reads = startReading()
  await stack.fake.setBehavior({ delayMs: 300, lookAgainSeconds: 0.1 })
  const statuses = await Promise.all(
    Array.from({ length: UNDISTURBED_PROMPTS }, (_, at) => generate(`pooled ${at}`, at)),
  )
  expect(statuses).toEqual(statuses.map(() => 'completed'))
  expect(await countSubmits('pooled ')).toEqual([UNDISTURBED_PROMPTS, UNDISTURBED_PROMPTS])
  expect(await reads.stop()).toEqual([])
  expect(stack.logLines.filter(line => line.includes('request_failed'))).toEqual([])
  expect(await checkInvariants(stack)).toEqual([])
})

test('no prompt is submitted twice, and none is lost, while the pooler is killed, and the sessions behind it are ended again and again', async () => {
  await stack.fake.setBehavior({ delayMs: 300, lookAgainSeconds: 0.1 })
  const generated = Promise.all(Array.from({ length: PROMPTS }, (_, at) => generate(`interrupted ${at}`, at)))
  for (let kills = 0; kills < KILLS; kills++) {
    await endSessions()
    await stack.pooler?.kill()
    await Bun.sleep(AWAY_MS)
    await stack.pooler?.start()
    await endSessions()
  }
  const statuses = await generated
  expect(statuses).toEqual(statuses.map(() => 'completed'))
  expect(await countSubmits('interrupted ')).toEqual([PROMPTS, PROMPTS])
  expect(await checkInvariants(stack)).toEqual([])
})

/** Ends all sessions of the services, again and again. */
async function endSessions(): Promise<void> {
  for (let ends = 0; ends < ENDS; ends++) {
    await stack.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'darkroom-%'`
    await Bun.sleep(250)
  }
}

/** Submits a prompt to one of the models and waits until its generation has ended. @returns its status */
async function generate(prompt: string, at: number): Promise<string> {
  const model = MODELS[at % MODELS.length] ?? 'fake-image'
  const { id } = await stack.client.submit({ ...createImageDraft(prompt), model })
  return (await stack.client.waitForGeneration(id, isFinished, LIMIT_MS)).status
}

/** Counts the submissions of the prompts that begin with `prefix`, and these prompts. */
async function countSubmits(prefix: string): Promise<[submits: number, prompts: number]> {
  const submits = (await stack.fake.readRequestLog()).submits.filter(({ prompt }) => prompt.startsWith(prefix))
  return [submits.length, new Set(submits.map(({ prompt }) => prompt)).size]
}

/** Reads the list again and again. @returns `stop`, which resolves to the statuses of the responses that failed */
function startReading(): { stop(): Promise<number[]> } {
  const stopping = new AbortController()
  const failed: number[] = []
  const read = async () => {
    while (!stopping.signal.aborted) {
      const response = await stack.client.fetch('/api/generations?limit=20')
      await response.arrayBuffer()
      if (!response.ok) failed.push(response.status)
    }
  }
  const reading = read()
  return {
    stop: async () => {
      stopping.abort()
      await reading
      return failed
    },
  }
}
