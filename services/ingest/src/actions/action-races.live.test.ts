import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Status } from '@darkroom/contracts/enums'
import { Generation } from '@darkroom/contracts/generation'
import { canTransition } from '@darkroom/contracts/lifecycle'
import { transaction } from '@darkroom/infra/database/transaction'
import { readGeneration, transition } from '@darkroom/infra/generations/generations'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'
import { type GenerationFixture, readInternalState, writeGeneration } from './generation.fixture.ts'

const REPETITIONS = 12
const stack = new AsyncDisposableStack()
let ingest: TestIngest

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
})
afterAll(() => stack.disposeAsync())

test('cancels a generation once when many cancels arrive at once', async () => {
  const id = await createGeneration({ status: 'processing', outputs: ['pending'], isLeased: true })
  const responses = await Promise.all(Array.from({ length: 8 }, () => sendAction(id, '/cancel')))
  expect(responses.map(({ status }) => status)).toEqual(Array(8).fill(200))
  const bodies = await Promise.all(responses.map(response => response.json() as Promise<{ cancelled: boolean }>))
  expect(bodies.filter(({ cancelled }) => cancelled)).toHaveLength(1)
  expect(await readInternals(id)).toMatchObject({ transitions: ['processing→cancelled'] })
  expect((await readInternals(id)).messages).toEqual(['generation.changed', 'generation.cancelled jobs.cancel'])
})

test('lets the first of a cancel and a completion win, and the other writes nothing', async () => {
  for (const winner of ['cancelled', 'completed'] as const) {
    const id = await createGeneration({
      status: 'uploading',
      outputs: ['saving', 'saving'],
      attempt: 2,
      isLeased: true,
    })
    const cancel = async () => (await (await sendAction(id, '/cancel')).json()) as { cancelled: boolean }
    const actions = [cancel, () => completeAsWorker(id, 2)]
    const outcomes = await runInOrder(id, winner === 'cancelled' ? actions : actions.toReversed())
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
    expect((await readInternals(id)).transitions).toEqual([`uploading→${winner}`])
  }
})

test('accepts one of many concurrent retries and enqueues the job once', async () => {
  for (const verb of ['/retry', '/complete', '/check']) {
    const id = await createGeneration({
      status: 'failed',
      outputs: ['failed', 'lost'],
      calls: [{ count: 2, requestId: 'r-1' }],
    })
    const responses = await Promise.all(Array.from({ length: 8 }, () => sendAction(id, verb)))
    expect(responses.map(({ status }) => status).toSorted()).toEqual([202, ...Array(7).fill(409)])
    const after = await readInternals(id)
    expect(after.transitions).toHaveLength(1)
    expect(after.job?.round).toBe(verb === '/check' ? 1 : 2)
    expect(after.messages).toEqual(['generation.changed', 'generation.queued jobs.generate.demo'])
  }
})

test('cancels once and ends in the trash when deletes and a cancel race', async () => {
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const id = await createGeneration({ status: 'queued', outputs: ['pending'] })
    const [deleted, cancelled, deletedAgain] = await Promise.all([
      sendAction(id, '', 'DELETE'),
      sendAction(id, '/cancel'),
      sendAction(id, '', 'DELETE'),
    ])
    expect([deleted.status, cancelled.status, deletedAgain.status]).toEqual([204, 200, 204])
    expect(await read(id)).toMatchObject({ status: 'cancelled', deletedAt: expect.any(String) })
    const { transitions, messages } = await readInternals(id)
    expect(transitions).toEqual(['queued→cancelled'])
    expect(messages.filter(message => message.startsWith('generation.cancelled'))).toHaveLength(1)
  }
})

test('keeps the history within the state machine under any concurrent actions', async () => {
  const verbs = ['/cancel', '/retry', '/complete', '/check', '/restore', '/cancel', '/retry']
  for (const status of ['queued', 'processing', 'uploading', 'failed', 'cancelled'] as const) {
    const id = await createGeneration({
      status,
      outputs: ['failed', 'pending'],
      calls: [{ requestId: 'r-1' }],
      isLeased: true,
    })
    const responses = await Promise.all([
      ...verbs.map(verb => sendAction(id, verb)),
      sendAction(id, '', 'DELETE'),
      completeAsWorker(id, 1).then(() => new Response()),
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

/** Completes a generation as a worker does, if its lease still stands. @returns whether it did */
async function completeAsWorker(id: string, attempt: number): Promise<boolean> {
  return await transaction(ingest.sql, async tx => {
    const [leased] = await tx`
      select from generation_jobs where generation_id = ${id} and attempt = ${attempt} and lease_until is not null for update`
    if (!leased) return false
    await tx`
      update generation_outputs set state = 'stored', key = 'w/' || index || '.png'
      where generation_id = ${id} and state = 'saving'`
    const moved = await transition(tx, { id, workspaceId: ingest.owner.workspaceId, to: 'completed', attempt })
    await tx`update generation_jobs set lease_until = null, lease_owner = null where generation_id = ${id}`
    return moved !== null
  })
}

/** Queues actions for the lock on one generation, in order, then releases the lock. @returns their outcomes */
async function runInOrder(id: string, actions: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const released = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const locking = transaction(ingest.sql, async tx => {
    await tx`select from generation_jobs where generation_id = ${id} for update`
    locked.resolve()
    await released.promise
  })
  await locked.promise
  const outcomes: Promise<unknown>[] = []
  for (const act of actions) {
    outcomes.push(act())
    await waitForLockWaiters(outcomes.length)
  }
  released.resolve()
  await locking
  return await Promise.all(outcomes)
}

async function waitForLockWaiters(count: number): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
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
