import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import type { Failpoint } from '../../src/runtime/failpoint.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { waitUntilStopped } from '../../testing/studio/stopped-process.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { waitFor } from '../../testing/wait-for.ts'
import {
  type ComfyUiStudio,
  countPrompts,
  expectMade,
  startComfyUiStudio,
  submitPrompt,
  waitForPrompt,
} from './comfyui-studio.ts'
import { withAnotherProcessor } from './stack-actions.ts'

/**
 * A ComfyUI server and its processor, killed, stopped and cut: one prompt each, adopted by its id. At each step with `ALL_FAULTS=1`; else
 * at one of each kind, because the suite has little time. `bun run kit comfyui` ends the processor in every phase.
 */

const IS_WHOLE = process.env.ALL_FAULTS === '1'
const LIMIT_MS = 150_000
const FREEZE_MS = 4_000
const SLOW_STEP_MS = 700
/** Nothing ends by itself before it is cancelled. */
const CANCELLED_STEP_MS = 5_000
const ONCE = { posts: 1, made: 1 }

let studio: ComfyUiStudio

beforeAll(async () => {
  studio = await startComfyUiStudio({ PROVIDER_CONCURRENCY: '4' })
})
afterEach(async () => {
  await studio.fake.set({ stepMs: 5, fault: null, version: 'jobs-cancel' })
  expect(await checkInvariants(studio.stack)).toEqual([])
})
afterAll(() => studio[Symbol.asyncDispose]())

const STEPS: readonly Failpoint[] = [
  'before-submit',
  'answer-begun',
  'answer-received',
  'after-submit',
  'after-request-id',
  'before-hand-back',
  'mid-upload',
]
const KILLS = STEPS.flatMap(at => (['jobs-cancel', 'queue'] as const).map(version => [at, version] as const))

test.each(IS_WHOLE ? KILLS : ([['answer-received', 'queue']] as const))(
  'a processor that is killed at %s makes one prompt, at a server with the routes %s',
  async (at, version) => {
    const before = await countPrompts(studio)
    await studio.fake.set({ version, stepMs: 300 })
    await studio.stack.processor.restart({ FAIL_AT: `${at}:kill` })
    const exited = studio.stack.processor.waitForExit()
    const id = await submitPrompt(studio, `killed at ${at}`)
    expect(await exited).toBe('SIGKILL')
    await expectMade(studio, id, before, ONCE)
  },
)

test.each(
  IS_WHOLE
    ? (['before-submit', 'answer-received', 'after-request-id', 'mid-upload'] as const)
    : (['after-request-id'] as const),
)('a processor that stands still at %s, while another one takes over, makes one prompt', async at => {
  const before = await countPrompts(studio)
  const { processor } = studio.stack
  await processor.restart({ FAIL_AT: `${at}:stop` })
  const id = await submitPrompt(studio, `stopped at ${at}`)
  await waitUntilStopped(processor.pid)
  await withAnotherProcessor(studio.stack, {}, async () => {
    await studio.stack.client.waitForGeneration(id, isFinished, LIMIT_MS)
    processor.signal('SIGCONT')
    await expectMade(studio, id, before, ONCE)
  })
})

const LOSSES = ['cut-before-answer', 'cut-after-headers', 'cut-mid-body', 'cut-after-answer', 'hang', 'server-error']

test.each(IS_WHOLE ? LOSSES : ['cut-mid-body'])(
  'an answer that is lost by %s: the prompt is found by its id',
  async fault => {
    const before = await countPrompts(studio)
    await studio.fake.set({ fault })
    const id = await submitPrompt(studio, fault)
    await waitFor('The prompt to arrive', LIMIT_MS, async () => (await studio.fake.posts()) > before.posts)
    await studio.fake.set({ fault: null })
    await expectMade(studio, id, before, ONCE)
  },
)

const MOMENTS = IS_WHOLE ? (['pending', 'running'] as const) : (['pending'] as const)

// The time limit of a request ends the same wait; the kit of the adapter has that.
test.each(IS_WHOLE ? MOMENTS : [])('a server that stands still while a prompt is %s makes it once', async where => {
  const before = await countPrompts(studio)
  const ids = await submitUntil(where)
  studio.fake.freeze()
  await Bun.sleep(FREEZE_MS)
  studio.fake.thaw()
  for (const id of ids) await studio.stack.client.waitForGeneration(id, isFinished, LIMIT_MS)
  await expectMade(studio, ids[0] ?? '', before, { posts: ids.length, made: ids.length })
})

test.each(MOMENTS)(
  'a server that is started again while a prompt is %s has forgotten it: nothing was made, so it is asked anew',
  async where => {
    const before = await countPrompts(studio)
    const ids = await submitUntil(where)
    // The prompts are noted, or the answer would be lost with the server.
    for (const id of ids) await waitUntilNoted(id)
    await studio.fake.state()
    await studio.fake.kill()
    await studio.fake.start()
    const isNamed = ({ waiting }: Generation) => waiting?.reason === 'provider-restarted'
    await studio.stack.client.waitForGeneration(ids[0] ?? '', isNamed, LIMIT_MS)
    for (const id of ids) await studio.stack.client.waitForGeneration(id, isFinished, LIMIT_MS)
    await expectMade(studio, ids[0] ?? '', before, { posts: 2 * ids.length, made: ids.length })
  },
)

test('a server that is started again after it has made a prompt, unseen, has forgotten it: its files are found, and nothing is asked anew', async () => {
  const before = await countPrompts(studio)
  // Longer than the prompt is polled in place.
  await studio.fake.set({ stepMs: 1_000 })
  await studio.stack.processor.restart({ FAIL_AT: 'before-hand-back:stop' })
  const id = await submitPrompt(studio, 'made unseen', 2)
  await waitUntilStopped(studio.stack.processor.pid)
  await waitFor('The files', LIMIT_MS, async () => (await studio.fake.made()).length > before.made)
  await studio.fake.state()
  await studio.fake.kill()
  await studio.fake.start()
  studio.stack.processor.signal('SIGCONT')
  const made = await expectMade(studio, id, before, ONCE)
  expect(made.outputs.length).toBe(2)
})

test('a server that is away when a prompt is submitted gets it once when it is back', async () => {
  const before = await countPrompts(studio)
  await studio.fake.kill()
  const id = await submitPrompt(studio, 'away')
  await studio.stack.client.waitForGeneration(id, ({ status }) => status === 'processing', LIMIT_MS)
  await Bun.sleep(FREEZE_MS)
  await studio.fake.start()
  await expectMade(studio, id, before, ONCE)
})

test('a cancel stops the prompt that it is for, waiting or running, and no other', async () => {
  const before = await countPrompts(studio)
  for (const version of ['jobs-cancel', 'queue'] as const) {
    await studio.fake.set({ stepMs: CANCELLED_STEP_MS, version })
    const running = await submitPrompt(studio, 'runs')
    await waitForPrompt(studio, 'running')
    const waiting = await submitPrompt(studio, 'waits')
    await waitForPrompt(studio, 'pending')
    await waitUntilNoted(waiting)
    await studio.stack.client.cancel(waiting)
    expect((await studio.stack.client.waitForGeneration(waiting, isFinished, LIMIT_MS)).status).toBe('cancelled')
    await waitFor('The queue', LIMIT_MS, async () => (await studio.fake.state()).pending.length === 0)
    expect((await studio.fake.state()).running).not.toBeNull()
    await waitUntilNoted(running)
    await studio.stack.client.cancel(running)
    await waitFor('The server', LIMIT_MS, async () => (await studio.fake.state()).running === null)
  }
  expect((await countPrompts(studio)).made).toBe(before.made)
})

/** Submits prompts that take long, until one of them waits at the server, or runs there. @returns the ids of their generations */
async function submitUntil(where: 'pending' | 'running'): Promise<string[]> {
  await studio.fake.set({ stepMs: SLOW_STEP_MS })
  const ids = [await submitPrompt(studio, 'first')]
  if (where === 'pending') ids.push(await submitPrompt(studio, 'second'))
  await waitForPrompt(studio, where)
  return ids
}

async function waitUntilNoted(id: string): Promise<void> {
  await waitFor('The id of the prompt', LIMIT_MS, async () => {
    const rows = await studio.stack.sql`
      select from provider_calls where generation_id = ${id} and request_id is not null`
    return rows.length > 0
  })
}
