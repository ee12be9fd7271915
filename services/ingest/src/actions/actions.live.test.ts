import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { OutputState, Status } from '@darkroom/contracts/enums'
import { Cancellation, Generation } from '@darkroom/contracts/generation'
import { Problem } from '@darkroom/contracts/problem'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'
import { type GenerationFixture, readInternalState, writeGeneration } from './generation.fixture.ts'

const stack = new AsyncDisposableStack()
let ingest: TestIngest

const VERBS = [
  ['POST', '/cancel'],
  ['POST', '/retry'],
  ['POST', '/complete'],
  ['POST', '/check'],
  ['POST', '/restore'],
  ['PATCH', ''],
  ['DELETE', ''],
] as const
const UNFINISHED: Status[] = ['queued', 'processing', 'uploading']

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
})
afterAll(() => stack.disposeAsync())

test('answers 404 for unknown and foreign generations and 422 for invalid ids', async () => {
  const id = await createGeneration({ status: 'failed', outputs: ['failed'] })
  const before = await readInternals(id)
  for (const [method, verb] of VERBS) {
    const body = method === 'PATCH' ? { outputIndex: 0, favourite: true } : undefined
    for (const [target, as, status] of [
      [id, 'stranger', 404],
      [crypto.randomUUID(), 'owner', 404],
      ['1', 'owner', 422],
      [`${id}%00`, 'owner', 422],
    ] as const) {
      const response = await ingest.request(method, `/api/generate/${target}${verb}`, body, as)
      expect([method, verb, target, response.status]).toEqual([method, verb, target, status])
      Problem.parse(await response.json())
    }
  }
  expect(await readInternals(id)).toEqual(before)
})

test('cancels an unfinished generation once: its worker is fenced out, the provider is notified, bought outputs stay', async () => {
  for (const status of UNFINISHED) {
    const outputs: OutputState[] = ['stored', 'saving', 'pending', 'temporary']
    const calls = [{ count: 4, requestId: 'r-1' }]
    const id = await createGeneration({ status, outputs, calls, attempt: 3, isLeased: true })
    const first = await cancel(id)
    expect(first).toEqual({ cancelled: true, note: expect.stringMatching(/asked to stop.*may be billed/) })
    const generation = await read(id)
    expect(generation.status).toBe('cancelled')
    expect(listStates(generation)).toEqual(['stored', 'temporary', 'failed', 'temporary'])
    expect(generation.outputs[2]?.error?.code).toBe('cancelled')
    const after = await readInternals(id)
    expect(after.job).toEqual({ attempt: 3, round: 1, mode: 'make', failures: 2, lease: false })
    expect(after.transitions).toEqual([`${status}→cancelled`])
    expect(after.messages).toEqual(['generation.changed', 'generation.cancelled jobs.cancel'])
    expect(after.calls).toEqual([{ requestId: 'r-1', outcome: null, open: true }])
    expect(after.rehosts).toEqual([1])
    expect(await cancel(id)).toEqual({ cancelled: false, note: 'It was cancelled before.' })
    expect(await readInternals(id)).toEqual(after)
  }
})

test('does not cancel an ended generation and says how it ended', async () => {
  for (const [status, note] of [
    ['completed', /done/],
    ['failed', /failed/],
    ['cancelled', /cancelled before/],
  ] as const) {
    const id = await createGeneration({ status, outputs: ['stored'] })
    const before = await readInternals(id)
    expect(await cancel(id)).toEqual({ cancelled: false, note: expect.stringMatching(note) })
    expect(await readInternals(id)).toEqual(before)
  }
})

test('names what may be billed after a cancel', async () => {
  const bills: [Partial<GenerationFixture>, RegExp][] = [
    [{}, /^Nothing was sent to a provider, so nothing is billed\.$/],
    [{ calls: [{ requestId: 'a' }] }, /^The provider is asked to stop\. What it has done until then may be billed\.$/],
    [{ calls: [{}] }, /^It was just being sent .* may bill it\.$/],
    [{ calls: [{ requestId: 'a', outcome: 'finished' }] }, /^What the provider has made already is billed\.$/],
    [{ calls: [{ requestId: 'a', outcome: 'failed' }] }, /nothing of it under way, so nothing more is billed/],
    [{ calls: [{ outcome: 'unknown' }] }, /not known, so it may be billed/],
    [{ calls: [{ requestId: 'a' }, { requestId: 'b', outcome: 'finished' }] }, /asked to stop.*made already is billed/],
    [{ calls: [{ requestId: 'a' }], isFree: true }, /free, so nothing is billed/],
    // Calls of an earlier round were part of the note of an earlier cancel.
    [{ calls: [{ requestId: 'a', outcome: 'finished', round: 0 }] }, /^Nothing was sent/],
  ]
  for (const [overrides, note] of bills) {
    const id = await createGeneration({ status: 'processing', outputs: ['pending'], ...overrides })
    expect(await cancel(id)).toEqual({ cancelled: true, note: expect.stringMatching(note) })
  }
})

test('a cancelled generation has cost what its calls may cost, also where nobody will know whether they were made', async () => {
  const queued = await createGeneration({ status: 'queued', outputs: ['pending'] })
  await cancel(queued)
  const sent = await createGeneration({ status: 'processing', outputs: ['pending'], calls: [{}] })
  await ingest.sql`update provider_calls set attempt = 1 where generation_id = ${sent}`
  await ingest.sql`
    insert into call_costs (generation_id, call, attempt, workspace_id, connection, model, kind, count, estimated_micros)
    values (${sent}, 0, 1, ${ingest.owner.workspaceId}, 'demo', 'demo', 'image', 1, 30000)`
  await cancel(sent)
  const costs = await ingest.sql`select cost from generations where id in ${ingest.sql([queued, sent])} order by id`
  const common = { currency: 'USD' }
  expect(costs.map(({ cost }) => cost)).toEqual([
    { ...common, amount: 0, estimated: false },
    { ...common, amount: 0.03, estimated: true },
  ])
  await reopen(sent, 'retry')
  const [call] =
    await ingest.sql`select outcome, ended_at is not null as ended from call_costs where generation_id = ${sent}`
  expect({ ...call }).toEqual({ outcome: 'unknown', ended: true })
})

test('begins another round for missing outputs on retry and resumes calls with a request id', async () => {
  for (const status of ['failed', 'cancelled'] as const) {
    const outputs: OutputState[] = ['stored', 'failed', 'lost', 'temporary', 'pending']
    const calls = [{ count: 2, requestId: 'r-1' }, { first: 2 }, { requestId: 'r-0', outcome: 'finished' as const }]
    const id = await createGeneration({ status, outputs, calls, attempt: 4 })
    await ingest.sql`insert into rehosts (generation_id, index) values (${id}, 2), (${id}, 3)`
    const generation = await reopen(id, 'retry')
    expect(generation).toMatchObject({ status: 'queued', error: null, waiting: null, attempt: 4 })
    expect(listStates(generation)).toEqual(['stored', 'pending', 'pending', 'temporary', 'pending'])
    expect(generation.outputs.map(({ error }) => error)).toEqual(Array(5).fill(null))
    const after = await readInternals(id)
    expect(after.job).toEqual({ attempt: 4, round: 2, mode: 'make', failures: 0, lease: false })
    expect(after.transitions).toEqual([`${status}→queued`])
    expect(after.messages).toEqual(['generation.changed', 'generation.queued jobs.generate.demo'])
    expect(after.calls).toEqual([
      { requestId: 'r-1', outcome: null, open: true },
      { requestId: null, outcome: 'unknown', open: false },
      { requestId: 'r-0', outcome: 'finished', open: false },
    ])
    expect(after.rehosts).toEqual([3])
    expect(await listHasProviderUrl(id)).toEqual([true, false, false, true, false])
  }
})

test('a retry opens calls again that were cancelled too late: their outputs were made, and are not bought again', async () => {
  const calls = [
    { requestId: 'r-1', outcome: 'too-late' },
    { first: 1, requestId: 'r-2', outcome: 'failed' },
    { first: 2, requestId: 'r-3', outcome: 'too-late' },
  ] as const
  const id = await createGeneration({ status: 'cancelled', outputs: ['failed', 'failed', 'stored'], calls: [...calls] })
  expect((await ingest.request('POST', `/api/generate/${id}/retry`)).status).toBe(202)
  expect((await readInternals(id)).calls).toEqual([
    { requestId: 'r-1', outcome: 'too-late', open: true },
    { requestId: 'r-2', outcome: 'failed', open: false },
    { requestId: 'r-3', outcome: 'too-late', open: false },
  ])
})

test('requests the missing outputs of an ended generation, and refuses if there are none', async () => {
  const id = await createGeneration({ status: 'completed', outputs: ['stored', 'lost', 'temporary', 'failed'] })
  expect(listStates(await reopen(id, 'complete'))).toEqual(['stored', 'pending', 'temporary', 'pending'])
  expect((await readInternals(id)).job).toMatchObject({ round: 2, mode: 'make' })
  expect((await readInternals(id)).transitions).toEqual(['completed→queued'])
  const whole = await createGeneration({ status: 'completed', outputs: ['stored', 'temporary'] })
  await expectRefusal(whole, 'complete', /Nothing of it is missing/)
})

test('reopens only accepted calls on a check and begins no round', async () => {
  const outputs: OutputState[] = ['failed', 'failed', 'lost', 'failed', 'failed']
  const calls = [
    { first: 0, count: 2, requestId: 'r-1', outcome: 'failed' as const },
    { first: 2, count: 1, requestId: 'r-2' },
    { first: 3, count: 1 },
    { first: 4, count: 1, requestId: 'r-4', outcome: 'cancelled' as const },
  ]
  const id = await createGeneration({ status: 'failed', outputs, calls, attempt: 6 })
  const generation = await reopen(id, 'check')
  expect(generation).toMatchObject({ status: 'processing', error: null, attempt: 6 })
  expect(listStates(generation)).toEqual(['pending', 'pending', 'pending', 'failed', 'failed'])
  const after = await readInternals(id)
  expect(after.job).toEqual({ attempt: 6, round: 1, mode: 'check', failures: 0, lease: false })
  expect(after.transitions).toEqual(['failed→processing'])
  expect(after.messages).toEqual(['generation.changed', 'generation.queued jobs.generate.demo'])
  expect(after.calls).toEqual([
    { requestId: 'r-1', outcome: null, open: true },
    { requestId: 'r-2', outcome: null, open: true },
    { requestId: null, outcome: null, open: true },
    { requestId: 'r-4', outcome: 'cancelled', open: false },
  ])
})

test('refuses a check without a request id and says what to do instead', async () => {
  const unknown = await createGeneration({ status: 'failed', outputs: ['failed'], calls: [{ outcome: 'unknown' }] })
  await expectRefusal(unknown, 'check', /gave no number to ask by.*Submit it anyway/)
  const nothing = await createGeneration({ status: 'failed', outputs: ['failed'] })
  await expectRefusal(nothing, 'check', /Try it again instead/)
})

test('refuses to reopen a generation in any other state and says why', async () => {
  const refused: [string, Status[]][] = [
    ['retry', [...UNFINISHED, 'completed']],
    ['complete', [...UNFINISHED, 'cancelled']],
    ['check', [...UNFINISHED, 'completed', 'cancelled']],
  ]
  for (const [verb, statuses] of refused) {
    for (const status of statuses) {
      const id = await createGeneration({ status, outputs: ['failed', 'stored'], calls: [{ requestId: 'r-1' }] })
      await expectRefusal(id, verb, /^(It is|It was)/)
    }
  }
})

test('refuses what would be asked of a provider in a restored copy', async () => {
  await ingest.sql`update studio set mode = 'restored'`
  for (const verb of ['retry', 'complete', 'check']) {
    await expectRefusal(
      await createGeneration({ status: 'failed', outputs: ['failed'], calls: [{ requestId: 'r-1' }] }),
      verb,
      /restored copy/,
    )
  }
  await takeOver(ingest.sql)
})

test('marks one output as favourite, publishes the change once, and ignores a repetition', async () => {
  const id = await createGeneration({ status: 'completed', outputs: ['stored', 'stored'] })
  const marked = await setFavourite(id, { outputIndex: 1, favourite: true })
  expect(marked).toMatchObject({ favourite: true, version: 2 })
  expect(marked.outputs.map(output => output.favourite)).toEqual([false, true])
  expect(await setFavourite(id, { outputIndex: 1, favourite: true })).toEqual(marked)
  expect((await readInternals(id)).messages).toEqual(['generation.changed'])
  expect(await setFavourite(id, { outputIndex: 1, favourite: false })).toMatchObject({ favourite: false, version: 3 })
  for (const body of [
    { outputIndex: 2, favourite: true },
    { outputIndex: -1, favourite: true },
    { outputIndex: 40_000, favourite: true },
    { outputIndex: 0.5, favourite: true },
    { outputIndex: 0, favourite: 'yes' },
    { outputIndex: 0 },
    { outputIndex: 0, favourite: true, status: 'queued' },
    [],
    undefined,
  ]) {
    const response = await ingest.request('PATCH', `/api/generate/${id}`, body)
    expect([body, response.status]).toEqual([body, 422])
  }
})

test('moves a deleted generation to the trash, cancelled if unfinished, and restores it unchanged', async () => {
  const id = await createGeneration({ status: 'processing', outputs: ['stored', 'pending'], isLeased: true })
  expect((await remove(id)).status).toBe(204)
  const deleted = await read(id)
  expect(deleted).toMatchObject({ status: 'cancelled', deletedAt: expect.any(String) })
  expect(listStates(deleted)).toEqual(['stored', 'failed'])
  const after = await readInternals(id)
  expect(after.messages).toEqual(['generation.changed', 'generation.cancelled jobs.cancel', 'generation.changed'])
  expect((await remove(id)).status).toBe(204)
  expect(await read(id)).toEqual(deleted)
  for (const verb of ['retry', 'complete', 'check']) await expectRefusal(id, verb, /in the trash\. Restore it first/)
  const favourite = await ingest.request('PATCH', `/api/generate/${id}`, { outputIndex: 0, favourite: true })
  expect(favourite.status).toBe(409)
  const restored = await restore(id)
  expect(restored).toEqual({ ...deleted, deletedAt: null, version: deleted.version + 1 })
  expect(await restore(id)).toEqual(restored)
  expect((await reopen(id, 'retry')).status).toBe('queued')
})

async function createGeneration(overrides: Omit<GenerationFixture, 'workspaceId'>): Promise<string> {
  return await writeGeneration(ingest.sql, { workspaceId: ingest.owner.workspaceId, ...overrides })
}

async function cancel(id: string): Promise<Cancellation> {
  const response = await ingest.request('POST', `/api/generate/${id}/cancel`)
  expect(response.status).toBe(200)
  return Cancellation.parse(await response.json())
}

async function reopen(id: string, verb: string): Promise<Generation> {
  const response = await ingest.request('POST', `/api/generate/${id}/${verb}`)
  expect(response.status).toBe(202)
  return Generation.parse(await response.json())
}

async function setFavourite(id: string, body: object): Promise<Generation> {
  return Generation.parse(await (await ingest.request('PATCH', `/api/generate/${id}`, body)).json())
}

async function remove(id: string): Promise<Response> {
  return await ingest.request('DELETE', `/api/generate/${id}`)
}

async function restore(id: string): Promise<Generation> {
  const response = await ingest.request('POST', `/api/generate/${id}/restore`)
  expect(response.status).toBe(200)
  return Generation.parse(await response.json())
}

async function expectRefusal(id: string, verb: string, detail: RegExp): Promise<void> {
  const before = [await readInternals(id), await read(id)]
  const response = await ingest.request('POST', `/api/generate/${id}/${verb}`)
  expect([verb, response.status]).toEqual([verb, 409])
  expect(Problem.parse(await response.json()).detail).toMatch(detail)
  expect([await readInternals(id), await read(id)]).toEqual(before)
}

async function read(id: string): Promise<Generation> {
  const { workspaceId } = ingest.owner
  return Generation.parse(JSON.parse((await readGeneration(ingest.sql, { id, workspaceId })) ?? 'null'))
}

function listStates({ outputs }: Generation): OutputState[] {
  return outputs.map(({ state }) => state)
}

async function listHasProviderUrl(id: string): Promise<boolean[]> {
  const rows = await ingest.sql<{ hasUrl: boolean }[]>`
    select provider_url is not null as "hasUrl" from generation_outputs where generation_id = ${id} order by index`
  return rows.map(({ hasUrl }) => hasUrl)
}

const readInternals = (id: string) => readInternalState(ingest.sql, id)
