import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Generation } from '@darkroom/contracts/generation'
import { until } from '../../local/process/wait-until.ts'
import { violations } from '../../testing/invariants/check-invariants.ts'
import { isOver } from '../../testing/invariants/client.ts'
import type { FaultService } from '../../testing/studio/service-process.ts'
import { type Stage, startStage } from '../../testing/studio/test-stack.ts'
import { picture } from './load.ts'

/** Processors that die, freeze, stall and are stopped, at each step of a generation's life. */

const LIMIT_MS = 120_000
const HANG_MS = 30_000
const LEASE_MS = 2_000

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { PROVIDER_CONCURRENCY: '10', UPLOAD_MEMORY_MB: '256' } })
}, LIMIT_MS)
afterEach(() => stage.heal(), LIMIT_MS)
afterAll(() => stage[Symbol.asyncDispose](), LIMIT_MS)

test.each(['before-claim', 'after-claim', 'after-request-id', 'before-hand-back', 'mid-upload', 'after-finish'])(
  'F1: a processor that is killed at %s loses nothing and buys nothing twice',
  async at => {
    await stage.fake.set({ delayMs: at === 'before-hand-back' ? 1_500 : 0, lookAgainSeconds: 0.5 })
    const made = await madeDespiteDeath(at, picture(at))
    expect([made.status, statesOf(made)]).toEqual(['completed', ['stored', 'stored']])
    expect(await submitsOf(made.id)).toBe(1)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test.each([
  ['before-submit', 0],
  ['after-submit', 1],
])(
  'F1: after a kill at %s nobody knows whether it was bought, which is said, and only a person may have it bought again',
  async (at, bought) => {
    await stage.fake.set({ delayMs: 0, lookAgainSeconds: 0.5 })
    const made = await madeDespiteDeath(at, picture(at))
    expect([made.status, made.error?.code]).toEqual(['failed', 'unknown_outcome'])
    expect(await submitsOf(made.id)).toBe(bought)
    expect(await stage.client.askAgain(made.id, 'check')).toBe(false)
    expect(await stage.client.askAgain(made.id, 'retry')).toBe(true)
    const again = await stage.client.until(made.id, isOver)
    expect([again.status, statesOf(again)]).toEqual(['completed', ['stored', 'stored']])
    expect(await submitsOf(made.id)).toBe(bought + 1)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F1: pictures that came as bytes and were lost with their worker are not bought again',
  async () => {
    const made = await madeDespiteDeath('mid-upload', { ...picture('as bytes'), model: 'fake-bytes' })
    expect(isOver(made)).toBe(true)
    expect(await submitsOf(made.id)).toBe(1)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test.each([
  ['F5', 'after-request-id:stop'],
  ['F5', 'mid-upload:stop'],
  ['F30', 'after-request-id:stall'],
])(
  '%s: a worker that comes back from %s after another took over changes nothing, and its write is counted',
  async (_, FAIL_AT) => {
    await stage.processor.restart({ FAIL_AT })
    const { id } = await stage.client.submit(picture(FAIL_AT))
    await isWorkedOnBy(stage.processor, id)
    const other = await stage.addProcessor()
    const made = await stage.client.until(id, isOver)
    expect([made.status, made.attempt]).toEqual(['completed', 2])
    expect(made.outputs.map(({ url }) => url?.includes(`/${id}/2/`))).toEqual([true, true])
    stage.processor.signal('SIGCONT')
    await until(async () => ((await stage.processor.metric('stale_writes_total')) > 0 ? true : undefined), {
      what: 'A write that was refused',
      milliseconds: HANG_MS,
      signal: new AbortController().signal,
    })
    expect(await stage.client.read(id)).toEqual(made)
    expect(await submitsOf(id)).toBe(1)
    await stage.dismiss(other)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test.each([
  ['ends by itself what can be ended', true],
  ['hands back what cannot', false],
])(
  'F6: a processor that is asked to stop while ten generations are stored %s, and exits in order',
  async (_, areReleased) => {
    await stage.fake.set({ holdFiles: true })
    const submitted = Array.from({ length: 10 }, (_, at) =>
      stage.client.submit(picture(`ten ${at}`, { numOutputs: 1 })),
    )
    const ids = (await Promise.all(submitted)).map(({ id }) => id)
    await stage.fake.until(journal => journal.filesInFlight === 10)
    const died = stage.processor.died()
    stage.processor.signal('SIGTERM')
    if (areReleased) await stage.fake.set({ holdFiles: false })
    expect(await died).toBe('exit 0')
    await stage.fake.set({ holdFiles: false })
    const made = await Promise.all(ids.map(id => stage.client.until(id, isOver)))
    expect(made.map(({ status }) => status)).toEqual(Array(10).fill('completed'))
    if (areReleased) expect(made.map(({ attempt }) => attempt)).toEqual(Array(10).fill(1))
    const [counted] = await stage.sql<{ failures: number }[]>`
      select sum(failures)::int as failures from generation_jobs where generation_id = any(${ids}::uuid[])`
    expect(counted?.failures).toBe(0)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F15: a generation that kills its worker each time is given up, and one whose provider is always down fails of that',
  async () => {
    await stage.processor.restart({ FAIL_AT: 'after-claim:stop' })
    const fatal = await stage.client.submit(picture('fatal'))
    await isWorkedOnBy(stage.processor, fatal.id)
    await stage.sql`update generation_jobs set failures = 5 where generation_id = ${fatal.id}`
    stage.processor.signal('SIGKILL')
    const over = await stage.client.until(fatal.id, isOver)
    expect([over.status, over.error?.code]).toEqual(['failed', 'gave_up'])

    await stage.fake.set({ submit: { kind: 'status', status: 503 } })
    const refused = await stage.client.submit(picture('refused'))
    await hasFailedOftenOnceItIsLeft(refused.id)
    const failed = await stage.client.until(refused.id, isOver)
    expect([failed.status, failed.error?.code]).toEqual(['failed', 'provider_busy'])
    await stage.fake.set({ submit: null })
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F29: processors whose clocks are an hour off take nothing from one another',
  async () => {
    const CLOCK = { BUN_OPTIONS: `--preload ${join(import.meta.dirname, 'clock.fixture.ts')}` }
    await stage.processor.restart({ ...CLOCK, CLOCK_WRONG_MS: '-3600000' })
    await stage.fake.set({ holdFiles: true })
    const { id } = await stage.client.submit(picture('held for longer than a lease'))
    await isWorkedOnBy(stage.processor, id)
    const ahead = await stage.addProcessor({ ...CLOCK, CLOCK_WRONG_MS: '3600000' })
    await stage.view.publish('jobs.generate.fake', JSON.stringify({ v: 1, type: 'generation.queued', id }))
    const other = await stage.client.submit({ ...picture('by any of them'), model: 'fake-bytes' })
    expect((await stage.client.until(other.id, isOver)).status).toBe('completed')
    await Bun.sleep(2 * LEASE_MS)
    await stage.fake.set({ holdFiles: false })
    expect(await stage.client.until(id, isOver)).toMatchObject({ status: 'completed', attempt: 1 })
    await stage.dismiss(ahead)
    await stage.processor.restart()
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

async function madeDespiteDeath(at: string, draft: Parameters<Stage['client']['submit']>[0]): Promise<Generation> {
  await stage.processor.restart({ FAIL_AT: `${at}:kill` })
  const died = stage.processor.died()
  const { id } = await stage.client.submit(draft)
  expect(await died).toBe('SIGKILL')
  return await stage.client.until(id, isOver)
}

async function isWorkedOnBy(processor: FaultService, id: string): Promise<void> {
  const { pid } = processor
  const held = async () => {
    const [row] = await stage.sql`
      select from generation_jobs where generation_id = ${id} and lease_owner like ${`%${pid}%`}`
    return row && true
  }
  await until(held, { what: 'A claim', milliseconds: HANG_MS, signal: new AbortController().signal })
}

/** As if it had failed as often as it may, from a moment on at which nobody works on it. */
async function hasFailedOftenOnceItIsLeft(id: string): Promise<void> {
  const left = async () => {
    const { count } = await stage.sql`
      update generation_jobs set failures = 5 where generation_id = ${id} and failures > 0 and lease_until is null`
    return count === 1 || undefined
  }
  await until(left, { what: 'A first failure', milliseconds: HANG_MS, signal: new AbortController().signal })
}

async function submitsOf(id: string): Promise<number> {
  const { submits } = await stage.fake.journal()
  return submits.filter(submit => submit.id !== null && submit.idempotencyKey?.startsWith(id)).length
}

function statesOf({ outputs }: Generation): string[] {
  return outputs.map(({ state }) => state)
}
