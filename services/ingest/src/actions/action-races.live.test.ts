import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Status } from '@darkroom/contracts/enums'
import { Generation } from '@darkroom/contracts/generation'
import { canTransition } from '@darkroom/contracts/lifecycle'
import { transaction } from '@darkroom/infra/database/connection'
import { readGeneration, transition } from '@darkroom/infra/generations/generations'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'
import { type GenerationFixture, readInternalState, writeGeneration } from './generation.fixture.ts'

const START_MS = 60_000
const ROUNDS = 12
const stack = new AsyncDisposableStack()
let ingest: TestIngest

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
}, START_MS)
afterAll(() => stack.disposeAsync())

test('of many cancels at once one cancels', async () => {
  const id = await createGeneration({ status: 'processing', outputs: ['pending'], lease: 'held' })
  const responses = await Promise.all(Array.from({ length: 8 }, () => sendAction(id, '/cancel')))
  expect(responses.map(({ status }) => status)).toEqual(Array(8).fill(200))
  const said = await Promise.all(responses.map(response => response.json() as Promise<{ cancelled: boolean }>))
  expect(said.filter(({ cancelled }) => cancelled)).toHaveLength(1)
  expect(await readInternals(id)).toMatchObject({ moves: ['processing→cancelled'] })
  expect((await readInternals(id)).posted).toEqual(['generation.changed', 'generation.cancelled jobs.cancel'])
})

test('of a cancel and an end the first counts, and the other sees it and writes nothing', async () => {
  for (const winner of ['cancelled', 'completed'] as const) {
    const id = await createGeneration({ status: 'uploading', outputs: ['saving', 'saving'], attempt: 2, lease: 'held' })
    const cancel = async () => (await (await sendAction(id, '/cancel')).json()) as { cancelled: boolean }
    const works = [cancel, () => finish(id, 2)]
    const outcomes = await runInOrder(id, winner === 'cancelled' ? works : works.toReversed())
    expect(outcomes).toEqual(
      winner === 'cancelled'
        ? [{ cancelled: true, note: expect.any(String) }, false]
        : [true, { cancelled: false, note: expect.stringMatching(/done/) }],
    )
    const generation = await read(id)
    expect(generation.status).toBe(winner)
    expect(generation.outputs.map(({ state }) => state)).toEqual(
      Array(2).fill(winner === 'cancelled' ? 'temporary' : 'stored'),
    )
    expect((await readInternals(id)).moves).toEqual([`uploading→${winner}`])
  }
})

test('of many retries at once one is taken, and the work is announced once', async () => {
  for (const verb of ['/retry', '/complete', '/check']) {
    const id = await createGeneration({
      status: 'failed',
      outputs: ['failed', 'lost'],
      calls: [{ count: 2, requestId: 'r-1' }],
    })
    const responses = await Promise.all(Array.from({ length: 8 }, () => sendAction(id, verb)))
    expect(responses.map(({ status }) => status).toSorted()).toEqual([202, ...Array(7).fill(409)])
    const after = await readInternals(id)
    expect(after.moves).toHaveLength(1)
    expect(after.job?.round).toBe(verb === '/check' ? 1 : 2)
    expect(after.posted).toEqual(['generation.changed', 'generation.queued jobs.generate.demo'])
  }
})

test('of a delete and a cancel one ends the work, and it is in the trash either way', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const id = await createGeneration({ status: 'queued', outputs: ['pending'] })
    const [deleted, cancelled, again] = await Promise.all([
      sendAction(id, '', 'DELETE'),
      sendAction(id, '/cancel'),
      sendAction(id, '', 'DELETE'),
    ])
    expect([deleted.status, cancelled.status, again.status]).toEqual([204, 200, 204])
    expect(await read(id)).toMatchObject({ status: 'cancelled', deletedAt: expect.any(String) })
    const { moves, posted } = await readInternals(id)
    expect(moves).toEqual(['queued→cancelled'])
    expect(posted.filter(message => message.startsWith('generation.cancelled'))).toHaveLength(1)
  }
})

test('whatever comes at once, the history stays one that the state machine allows', async () => {
  const verbs = ['/cancel', '/retry', '/complete', '/check', '/restore', '/cancel', '/retry']
  for (const status of ['queued', 'processing', 'uploading', 'failed', 'cancelled'] as const) {
    const id = await createGeneration({
      status,
      outputs: ['failed', 'pending'],
      calls: [{ requestId: 'r-1' }],
      lease: 'held',
    })
    const responses = await Promise.all([
      ...verbs.map(verb => sendAction(id, verb)),
      sendAction(id, '', 'DELETE'),
      finish(id, 1).then(() => new Response()),
    ])
    for (const response of responses) expect([200, 202, 204, 409]).toContain(response.status)
    const rows = await ingest.sql<{ from: Status; to: Status }[]>`
      select from_status as "from", to_status as "to" from generation_events where generation_id = ${id} order by id`
    let now: Status = status
    for (const { from, to } of rows) {
      expect([from, canTransition(from, to)]).toEqual([now, true])
      now = to
    }
    expect((await read(id)).status).toBe(now)
  }
})

/** What a worker does at the end, if its hold still stands. @returns whether it did */
async function finish(id: string, attempt: number): Promise<boolean> {
  return await transaction(ingest.sql, async tx => {
    const [held] = await tx`
      select from generation_jobs where generation_id = ${id} and attempt = ${attempt} and lease_until is not null for update`
    if (!held) return false
    await tx`
      update generation_outputs set state = 'stored', key = 'w/' || index || '.png'
      where generation_id = ${id} and state = 'saving'`
    const moved = await transition(tx, { id, to: 'completed', attempt })
    await tx`update generation_jobs set lease_until = null, lease_owner = null where generation_id = ${id}`
    return moved !== null
  })
}

/** Has several wait for the same generation, one after another, and lets them go on. @returns what became of each */
async function runInOrder(id: string, works: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const { promise: mayGo, resolve: go } = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const holding = transaction(ingest.sql, async tx => {
    await tx`select from generation_jobs where generation_id = ${id} for update`
    held.resolve()
    await mayGo
  })
  await held.promise
  const outcomes: Promise<unknown>[] = []
  for (const work of works) {
    outcomes.push(work())
    await waitForLockWaiters(outcomes.length)
  }
  go()
  await holding
  return await Promise.all(outcomes)
}

async function waitForLockWaiters(count: number): Promise<void> {
  const deadline = AbortSignal.timeout(4_000)
  while ((await ingest.sql`select from pg_locks where not granted`).length < count) {
    deadline.throwIfAborted()
    await Bun.sleep(2)
  }
}

async function sendAction(id: string, verb: string, method = 'POST'): Promise<Response> {
  return await ingest.request(method, `/api/generate/${id}${verb}`)
}

async function createGeneration(overrides: Omit<GenerationFixture, 'workspaceId'>): Promise<string> {
  return await writeGeneration(ingest.sql, { workspaceId: ingest.owner.workspaceId, ...overrides })
}

async function read(id: string): Promise<Generation> {
  const { workspaceId } = ingest.owner
  return Generation.parse(JSON.parse((await readGeneration(ingest.sql, { id, workspaceId })) ?? 'null'))
}

const readInternals = (id: string) => readInternalState(ingest.sql, id)
