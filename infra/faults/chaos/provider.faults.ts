import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { violations } from '../../testing/invariants/check-invariants.ts'
import { isOver } from '../../testing/invariants/client.ts'
import { type Stage, startStage } from '../../testing/studio/test-stack.ts'
import { picture } from './load.ts'

/** A provider in every way that one can misbehave. */

const LIMIT_MS = 150_000
const NONE = { accepted: 0, asked: 1 }

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { GENERATION_MAX_SECONDS: '8', PROVIDER_CONCURRENCY: '4' } })
}, LIMIT_MS)
afterEach(async () => {
  await stage.heal()
  // An answer that is well: three failures in a row would pause the provider's lane, which is another test's.
  expect((await make('well again')).status).toBe('completed')
}, LIMIT_MS)
afterAll(() => stage[Symbol.asyncDispose](), LIMIT_MS)

interface Misbehaviour {
  name: string
  behaviour: Record<string, unknown>
  status: Generation['status']
  code?: string
  /** Submissions that it took, and that it was sent. */
  submits?: { accepted: number; asked: number }
}

const UNKNOWN = { status: 'failed', code: 'unknown_outcome', submits: NONE } as const
const ONCE = { accepted: 1, asked: 1 }

const MISBEHAVIOURS: Misbehaviour[] = [
  {
    name: 'too many requests, come back in a second',
    behaviour: { submit: { kind: 'status', status: 429, retryAfter: '1', times: 1 } },
    status: 'completed',
    submits: { accepted: 1, asked: 2 },
  },
  {
    name: 'busy once',
    behaviour: { submit: { kind: 'status', status: 503, times: 1 } },
    status: 'completed',
    submits: { accepted: 1, asked: 2 },
  },
  {
    name: 'asks for payment',
    behaviour: { submit: { kind: 'status', status: 402 } },
    status: 'failed',
    code: 'payment_required',
    submits: NONE,
  },
  { name: 'an error of its own', behaviour: { submit: { kind: 'status', status: 500 } }, ...UNKNOWN },
  {
    name: 'an error of its own after it took the work',
    behaviour: { submit: { kind: 'status', status: 500, taken: true } },
    ...UNKNOWN,
    submits: ONCE,
  },
  {
    name: 'a connection that breaks',
    behaviour: { submit: { kind: 'reset', taken: true } },
    ...UNKNOWN,
    submits: ONCE,
  },
  { name: 'an answer cut in the middle', behaviour: { submit: { kind: 'cut' } }, ...UNKNOWN },
  { name: 'an answer that is no JSON', behaviour: { submit: { kind: 'malformed' } }, ...UNKNOWN },
  { name: 'an answer of another shape', behaviour: { submit: { kind: 'wrong-shape' } }, ...UNKNOWN },
  {
    name: 'questions that go wrong twice',
    behaviour: { check: { kind: 'status', status: 500, times: 2 } },
    status: 'completed',
    submits: ONCE,
  },
  {
    name: 'a question whose answer is cut',
    behaviour: { check: { kind: 'cut', times: 1 } },
    status: 'completed',
    submits: ONCE,
  },
  {
    name: 'a refusal of the prompt',
    behaviour: { failure: { code: 'content_refused', message: 'SECRET words' } },
    status: 'failed',
    code: 'content_refused',
    submits: ONCE,
  },
  ...['missing', 'null', 'not-a-list', 'empty', 'hostile'].map(output => ({
    name: `a list of outputs that is ${output}`,
    behaviour: { output },
    status: 'failed' as const,
    submits: ONCE,
  })),
  ...['fewer', 'more', 'twice'].map(output => ({
    name: `a list of outputs with ${output}`,
    behaviour: { output },
    status: 'completed' as const,
    submits: ONCE,
  })),
]

test.each(MISBEHAVIOURS.map(misbehaviour => [misbehaviour.name, misbehaviour] as const))(
  'F26: %s',
  async (_, { behaviour, status, code, submits }) => {
    await stage.fake.set(behaviour)
    const made = await make('misbehaved')
    expect(made.status).toBe(status)
    if (code !== undefined) expect(made.error?.code).toBe(code)
    if (submits) expect(await submitsOf(made.id)).toEqual(submits)
    expect(JSON.stringify(made)).not.toContain('SECRET')
  },
  LIMIT_MS,
)

test(
  'F26: files that are cut, lied about, gone, elsewhere or without end harm no other, and what can be had is had later',
  async () => {
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
    }
    await stage.fake.set({ files })
    const made = await make('all kinds of files', { numOutputs: 10 })
    expect(made.status).toBe('completed')
    const states = made.outputs.map(({ state }) => state)
    expect([states[0], states[7]]).toEqual(['stored', 'stored'])
    expect(states.filter(state => state === 'temporary').length).toBe(8)
    expect(await violations(stage)).toEqual([])

    await stage.fake.set({ files: { 6: { kind: 'status', status: 410 } } })
    const settled = await stage.client.until(made.id, ({ outputs }) => {
      // Nobody wants to wait for the pauses between the tries.
      void stage.sql`update rehosts set next_try_at = now()`.catch(() => {})
      return outputs.every(({ state }) => state === 'stored' || state === 'lost')
    })
    expect(settled.outputs.filter(({ state }) => state === 'lost').map(({ index }) => index)).toEqual([6])
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F26: a file that never comes is left at the provider when the time is up',
  async () => {
    await stage.fake.set({ files: { 1: { kind: 'hang' } } })
    const made = await make('a file that hangs')
    expect([made.status, made.outputs.map(({ state }) => state)]).toEqual(['completed', ['stored', 'temporary']])
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F26: a provider that hangs keeps no other waiting, and goes on when it answers again',
  async () => {
    await stage.fake.set({ delayMs: 1_000 })
    const hung = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(at => stage.client.submit(picture(`hung ${at}`))))
    await stage.fake.until(({ checks }) => checks.length > 0)
    stage.between.provider.set({ kind: 'black-hole' })
    for (const prompt of ['dunes', 'hills', 'clouds']) {
      const drawn = await stage.client.submit({ ...picture(prompt), model: 'demo' })
      expect((await stage.client.until(drawn.id, isOver)).status).toBe('completed')
    }
    stage.between.provider.set({ kind: 'none' })
    for (const { id } of hung) expect(isOver(await stage.client.until(id, isOver))).toBe(true)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'a cancelled generation is stopped at its provider, also by whoever comes after a processor that was killed',
  async () => {
    await stage.fake.set({ queuePosition: 0, lookAgainSeconds: 0.2 })
    const made = await stage.client.submit(picture('cancelled'))
    await stage.fake.until(({ submits }) => submits.some(({ prompt }) => prompt === 'cancelled'))
    await stage.client.until(made.id, ({ waiting }) => waiting?.reason === 'provider-queue')
    await stage.fake.set({ cancel: { kind: 'reset', times: 1 } })
    const died = stage.processor.died()
    stage.processor.signal('SIGKILL')
    expect(await stage.client.cancel(made.id)).toMatchObject({ cancelled: true })
    expect(await died).toBe('SIGKILL')
    await stage.fake.until(({ cancels }) => cancels.length === 1)
    // Nobody wants to wait for the pause between two tries.
    await stage.sql`update provider_calls set cancel_tried_at = null`
    await stage.fake.until(({ cancels }) => cancels.some(({ status }) => status === 'canceled'))
    expect((await stage.client.read(made.id)).status).toBe('cancelled')
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

async function make(prompt: string, parameters: Record<string, unknown> = {}): Promise<Generation> {
  const { id } = await stage.client.submit(picture(prompt, parameters))
  return await stage.client.until(id, isOver)
}

async function submitsOf(id: string): Promise<{ accepted: number; asked: number }> {
  const { submits } = await stage.fake.journal()
  const asked = submits.filter(({ idempotencyKey }) => idempotencyKey?.startsWith(id))
  return { accepted: asked.filter(submit => submit.id !== null).length, asked: asked.length }
}
