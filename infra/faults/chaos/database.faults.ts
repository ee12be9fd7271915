import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { until } from '../../local/process/wait-until.ts'
import { violations } from '../../testing/invariants/check-invariants.ts'
import { isOver } from '../../testing/invariants/client.ts'
import { type Stage, startStage } from '../../testing/studio/test-stack.ts'
import { type Load, picture, startLoad } from './load.ts'

/** A database that dies, cuts off, freezes, is locked, loses its answers, and comes back from a backup. */

const LIMIT_MS = 150_000
const SOON_MS = 20_000
const forever = new AbortController().signal

let stage: Stage
let number = 0

beforeAll(async () => {
  stage = await startStage({ isDurable: true, env: { PROVIDER_CONCURRENCY: '4' } })
}, LIMIT_MS)
afterEach(() => stage.heal(), LIMIT_MS)
afterAll(() => stage[Symbol.asyncDispose](), LIMIT_MS)

test(
  'F16: a database that is killed under load has all that was promised when it is back',
  async () => {
    await using load = people()
    await somePromises(4)
    await stage.database.kill()
    await isRefused()
    await stage.database.start()
    await somePromises(4)
    await inPeace(load)
  },
  LIMIT_MS,
)

test(
  'F17: connections that the database ends, again and again, are opened again',
  async () => {
    await using load = people()
    for (let cuts = 0; cuts < 10; cuts++) {
      await stage.sql`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'darkroom-%'`
      await Bun.sleep(200)
    }
    await inPeace(load)
  },
  LIMIT_MS,
)

test(
  'F18: a session of the database that freezes holds up nobody for long',
  async () => {
    const frozen = await stage.sql<{ pid: number }[]>`
    select distinct on (application_name) pid from pg_stat_activity
    where application_name like 'darkroom-%' and state = 'idle' order by application_name, pid`
    expect(frozen.length).toBeGreaterThan(0)
    const signal = (name: NodeJS.Signals) => {
      for (const { pid } of frozen) process.kill(pid, name)
    }
    const thaw = () => signal('SIGCONT')
    signal('SIGSTOP')
    try {
      const drafts = Array.from({ length: 12 }, (_, at) => stage.client.log.ask(picture(`over a frozen session ${at}`)))
      const asked = drafts.map(draft => stage.client.trySubmit(draft))
      // One request at most waits for each frozen session, and none comes after it.
      await somePromises(drafts.length - frozen.length)
      const next = await stage.client.submit(picture('while a session is frozen'))
      await isCompleted(next.id)
      thaw()
      expect((await Promise.all(asked)).filter(status => ![202, 503].includes(status))).toEqual([])
    } finally {
      thaw()
    }
    await inPeace()
  },
  LIMIT_MS,
)

test(
  'F19: a commit of which nobody hears is found by whoever asks again, under the same id',
  async () => {
    const asked = stage.client.log.ask(picture('it is there and nobody hears of it'))
    stage.between.database.set({ kind: 'lost-answer', after: asked.draft.prompt, answer: 'COMMIT' })
    const lost = stage.between.database.lost()
    expect(await stage.client.trySubmit(asked)).toBe(503)
    await lost
    const [row] = await stage.sql<{ id: string }[]>`select id from generations where client_id = ${asked.clientId}`
    expect(await stage.client.trySubmit(asked)).toBe(200)
    expect([...asked.ids]).toEqual([row?.id ?? ''])
    await inPeace()
  },
  LIMIT_MS,
)

test(
  'F20: whoever waits for a lock is told to come again, and the service is alive meanwhile',
  async () => {
    const held = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const locking = stage.sql.begin(async tx => {
      await tx`lock table generations in access exclusive mode`
      locked.resolve()
      await held.promise
    })
    await locked.promise
    const body = JSON.stringify(picture('behind a lock'))
    const headers = { 'content-type': 'application/json' }
    const asked = Array.from({ length: 4 }, () =>
      stage.client.fetch('/api/generate', { method: 'POST', headers, body }),
    )
    expect((await fetch(`${stage.ingest.url}/healthz`)).status).toBe(200)
    for (const answer of await Promise.all(asked)) {
      expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
    }
    held.resolve()
    await locking
    await stage.client.submit(picture('after a lock'))
    await inPeace()
  },
  LIMIT_MS,
)

test(
  'a database that comes back from a backup goes on from there, whatever the bus still knows',
  async () => {
    await stage.fake.set({ delayMs: 3_000, lookAgainSeconds: 2 })
    const open = await stage.client.submit(picture('open in the backup'))
    await isBought(open.id)
    await stage.database.stop()
    await stage.database.copy()
    await stage.database.start()
    await stage.fake.set({ delayMs: 0, lookAgainSeconds: 0.05 })
    const since = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(at => stage.client.submit(picture(`since the backup ${at}`))),
    )
    for (const { id } of since) await stage.client.until(id, isOver)
    await stage.database.stop()
    await stage.database.rollBack()
    await stage.database.start()
    for (const { clientId } of since) stage.client.log.asked.delete(clientId)
    const after = await Promise.all([1, 2, 3, 4].map(at => stage.client.submit(picture(`after the backup ${at}`))))
    for (const { id } of [open, ...after]) {
      expect((await stage.client.until(id, isOver, SOON_MS)).status).toBe('completed')
    }
    await inPeace()
  },
  LIMIT_MS,
)

function people(): Load {
  return startLoad(stage.client, { everyMs: 250, draft: () => picture(`on and on ${number++}`, { numOutputs: 1 }) })
}

/** Waits until so many more submissions were promised. */
async function somePromises(count: number): Promise<void> {
  const wanted = stage.client.log.promised().length + count
  const there = async () => (stage.client.log.promised().length >= wanted ? true : undefined)
  await until(there, { what: 'A promise', milliseconds: LIMIT_MS, signal: forever })
}

/** Waits until the provider's number for it is known. */
async function isBought(id: string): Promise<void> {
  const known = async () => {
    const rows = await stage.sql`select from provider_calls where generation_id = ${id} and request_id is not null`
    return rows.length > 0 || undefined
  }
  await until(known, { what: 'A request id', milliseconds: LIMIT_MS, signal: forever })
}

/** As the database says, whoever else may be waiting for it. */
async function isCompleted(id: string): Promise<void> {
  const completed = async () => {
    const rows = await stage.sql`select from generations where id = ${id} and status = 'completed'`
    return rows.length > 0 || undefined
  }
  await until(completed, { what: 'Its completion', milliseconds: LIMIT_MS, signal: forever })
}

/** Waits until a submission is turned away. */
async function isRefused(): Promise<void> {
  const asked = stage.client.log.ask(picture('without a database'))
  const refused = async () => ((await stage.client.trySubmit(asked)) === 503 ? true : undefined)
  await until(refused, { what: 'A refusal', milliseconds: LIMIT_MS, signal: forever })
}

async function inPeace(load?: Load): Promise<void> {
  await load?.stop()
  expect(await violations(stage)).toEqual([])
}
