import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { OutputState } from '@darkroom/contracts/enums'
import { Generation } from '@darkroom/contracts/generation'
import { Problem, type ProblemCode } from '@darkroom/contracts/problem'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'
import { type GenerationFixture, readInternalState, writeGeneration } from './generation.fixture.ts'

const stack = new AsyncDisposableStack()
let ingest: TestIngest

beforeAll(async () => {
  ingest = stack.use(await openTestIngest())
})
afterAll(() => stack.disposeAsync())

test('deletes one output once: it shows nothing, keeps its size, and is no favourite; a restore brings it back as it was', async () => {
  const id = await createGeneration({ status: 'completed', outputs: ['stored', 'stored'] })
  await ingest.sql`update generation_outputs set favourite = true, placeholder = 'abc' where generation_id = ${id} and index = 1`
  const before = await restoreOutput(id, 1)
  expect(before).toMatchObject({ version: 1, favourite: true })
  const deleted = await deleteOutput(id, 1)
  expect(deleted).toMatchObject({ version: 2, favourite: false, status: 'completed' })
  expect(deleted.outputs[1]).toMatchObject({
    ...{
      state: 'deleted',
      url: null,
      previewUrl: null,
      placeholder: null,
      favourite: false,
      width: 64,
      height: 64,
    },
  })
  expect(deleted.outputs[0]).toEqual(before.outputs[0] as never)
  const { transitions, messages } = await readInternals(id)
  expect([transitions, messages]).toEqual([['completed→completed'], ['generation.changed']])
  expect(await deleteOutput(id, 1)).toEqual(deleted)
  expect(await readListed(id)).toEqual({ favourite: false, version: 2 })
  const favourite = await ingest.request('PATCH', `/api/generate/${id}`, { outputIndex: 1, favourite: true })
  await expectProblem(favourite, 'conflict', /Restore it first/)
  expect(await restoreOutput(id, 1)).toEqual({ ...before, version: 3 })
  expect(await readListed(id)).toEqual({ favourite: true, version: 3 })
  expect(await restoreOutput(id, 1)).toMatchObject({ version: 3 })
})

test('restores temporary, lost and failed outputs with what belongs to them; a temporary one is not rehosted meanwhile', async () => {
  const id = await createGeneration({ status: 'completed', outputs: ['stored', 'temporary', 'lost', 'failed'] })
  await ingest.sql`insert into rehosts (generation_id, index, tries) values (${id}, 1, 4)`
  const before = await restoreOutput(id, 0)
  for (const index of [1, 2, 3]) await deleteOutput(id, index)
  const deleted = await deleteOutput(id, 3)
  expect(listStates(deleted)).toEqual(['stored', 'deleted', 'deleted', 'deleted'])
  expect(deleted.outputs.map(({ error }) => error)).toEqual([null, null, null, null])
  expect(await readDueRehosts(id)).toEqual([])
  for (const index of [1, 2, 3]) await restoreOutput(id, index)
  expect((await restoreOutput(id, 3)).outputs).toEqual(before.outputs)
  expect(await readDueRehosts(id)).toEqual([{ index: 1, tries: 4 }])
})

test('a deleted output is neither made again nor looked for at the provider', async () => {
  const calls = [{ count: 3, requestId: 'r-1', outcome: 'finished' as const }]
  const id = await createGeneration({ status: 'failed', outputs: ['failed', 'failed', 'failed'], calls })
  await deleteOutput(id, 1)
  const checked = await act(id, 'check')
  expect(listStates(checked)).toEqual(['pending', 'deleted', 'pending'])
  const whole = await createGeneration({ status: 'completed', outputs: ['stored', 'failed'], calls })
  await deleteOutput(whole, 1)
  await expectProblem(await ingest.request('POST', `/api/generate/${whole}/complete`), 'conflict', /Nothing of it/)
  const retried = await createGeneration({ status: 'cancelled', outputs: ['failed', 'failed', 'stored'] })
  await deleteOutput(retried, 0)
  expect(listStates(await act(retried, 'retry'))).toEqual(['deleted', 'pending', 'stored'])
})

test('refuses what cannot be deleted, and says what to do', async () => {
  const refused: [GenerationFixture['status'], OutputState[], ProblemCode, RegExp][] = [
    ['processing', ['stored', 'pending'], 'conflict', /still being made/],
    ['queued', ['pending', 'pending'], 'conflict', /still being made/],
    ['completed', ['stored'], 'last_output', /Delete the whole generation/],
    ['completed', ['stored', 'failed'], 'last_output', /Delete the whole generation/],
    ['completed', ['temporary', 'lost'], 'last_output', /Delete the whole generation/],
    ['failed', ['failed'], 'last_output', /Delete the whole generation/],
  ]
  for (const [status, outputs, code, detail] of refused) {
    const id = await createGeneration({ status, outputs })
    const before = await readInternals(id)
    await expectProblem(await ingest.request('DELETE', `/api/generate/${id}/outputs/0`), code, detail)
    expect(await readInternals(id)).toEqual(before)
  }
  const id = await createGeneration({ status: 'completed', outputs: ['stored', 'stored'] })
  for (const [path, status] of [
    [`${id}/outputs/2`, 404],
    [`${id}/outputs/x`, 422],
    [`${id}/outputs/-1`, 422],
    [`${crypto.randomUUID()}/outputs/0`, 404],
  ] as const) {
    expect((await ingest.request('DELETE', `/api/generate/${path}`)).status).toBe(status)
    expect((await ingest.request('POST', `/api/generate/${path}/restore`)).status).toBe(status)
  }
  expect((await ingest.request('DELETE', `/api/generate/${id}/outputs/0`, undefined, 'stranger')).status).toBe(404)
  await ingest.request('DELETE', `/api/generate/${id}`)
  await expectProblem(await ingest.request('DELETE', `/api/generate/${id}/outputs/0`), 'conflict', /in the trash/)
})

test('of the two last outputs, deleted at once, one stays', async () => {
  for (let times = 0; times < 5; times++) {
    const id = await createGeneration({ status: 'completed', outputs: ['stored', 'stored'] })
    const responses = await Promise.all(
      [0, 1].map(index => ingest.request('DELETE', `/api/generate/${id}/outputs/${index}`)),
    )
    expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 409])
  }
})

test('a purged output cannot be restored', async () => {
  const id = await createGeneration({ status: 'completed', outputs: ['stored', 'stored'] })
  await deleteOutput(id, 0)
  await ingest.sql`update generation_outputs set deleted_from = null, key = null where generation_id = ${id} and index = 0`
  await expectProblem(await ingest.request('POST', `/api/generate/${id}/outputs/0/restore`), 'gone', /too long ago/)
  expect(listStates(await deleteOutput(id, 0))).toEqual(['deleted', 'stored'])
})

async function createGeneration(fixture: Omit<GenerationFixture, 'workspaceId'>): Promise<string> {
  return await writeGeneration(ingest.sql, { workspaceId: ingest.owner.workspaceId, ...fixture })
}

async function deleteOutput(id: string, index: number): Promise<Generation> {
  return await parseGeneration(await ingest.request('DELETE', `/api/generate/${id}/outputs/${index}`), 200)
}

async function restoreOutput(id: string, index: number): Promise<Generation> {
  return await parseGeneration(await ingest.request('POST', `/api/generate/${id}/outputs/${index}/restore`), 200)
}

async function act(id: string, action: string): Promise<Generation> {
  return await parseGeneration(await ingest.request('POST', `/api/generate/${id}/${action}`), 202)
}

async function parseGeneration(response: Response, status: number): Promise<Generation> {
  const body = await response.json()
  expect([response.status, body]).toEqual([status, body])
  return Generation.parse(body)
}

async function expectProblem(response: Response, code: ProblemCode, detail: RegExp): Promise<void> {
  expect(Problem.parse(await response.json())).toMatchObject({
    code,
    status: response.status,
    detail: expect.stringMatching(detail),
  })
}

/** Reads the row of the list. */
async function readListed(id: string): Promise<{ favourite: boolean; version: number } | undefined> {
  const [row] = await ingest.sql<{ favourite: boolean; version: number }[]>`
    select favourite, (document::jsonb -> 'version')::int as version from generation_documents where generation_id = ${id}`
  return row && { ...row }
}

async function readDueRehosts(id: string): Promise<{ index: number; tries: number }[]> {
  const rows = await ingest.sql<{ index: number; tries: number }[]>`
    select index, tries from rehosts where generation_id = ${id} and next_try_at <= now()`
  return rows.map(row => ({ ...row }))
}

function listStates({ outputs }: Generation): OutputState[] {
  return outputs.map(({ state }) => state)
}

const readInternals = (id: string) => readInternalState(ingest.sql, id)
