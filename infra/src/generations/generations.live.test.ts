import { afterAll, beforeAll, expect, test } from 'bun:test'
import { STATUSES, type Status } from '@darkroom/contracts/enums'
import { Generation } from '@darkroom/contracts/generation'
import { canTransition } from '@darkroom/contracts/lifecycle'
import { generationSubject } from '@darkroom/contracts/subjects'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { type Database, openDatabase } from '../database/connection.ts'
import { transaction } from '../database/transaction.ts'
import { createLog } from '../log.ts'
import { insertGeneration, WORKSPACE } from './generation.fixture.ts'
import { bumpVersion, readGeneration, transition } from './generations.ts'

const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  sql = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

for (const from of STATUSES) {
  for (const to of STATUSES.filter(to => canTransition(from, to))) {
    test(`${from} → ${to} writes the row, its history and its message`, async () => {
      const id = await insertGeneration(sql, { status: from })
      expect(await applyTransition(id, to)).toBe(from)
      const after = await readWritten(id)
      expect(after.row).toMatchObject({ status: to, version: 2 })
      expect(after.events).toEqual([{ attempt: 3, from_status: from, to_status: to, detail: 'because' }])
      const message = { v: 1, type: 'generation.changed', id }
      expect(after.messages).toEqual([{ subject: generationSubject(WORKSPACE), payload: message }])
    })
  }
  for (const to of STATUSES.filter(to => !canTransition(from, to))) {
    test(`${from} → ${to} writes nothing`, async () => {
      const id = await insertGeneration(sql, { status: from })
      const before = await readWritten(id)
      expect(await applyTransition(id, to)).toBeNull()
      expect(await readWritten(id)).toEqual(before)
      expect(before).toMatchObject({ row: { status: from, version: 1 }, events: [], messages: [] })
    })
  }
}

test('a generation that does not exist has no transition', async () => {
  expect(await applyTransition(crypto.randomUUID(), 'cancelled')).toBeNull()
})

test('a rollback undoes the row, its history and its message', async () => {
  const id = await insertGeneration(sql)
  const before = await readWritten(id)
  const attempt = transaction(sql, async tx => {
    await transition(tx, { id, workspaceId: WORKSPACE, to: 'processing', attempt: 1 })
    throw new Error('lost')
  })
  await expect(attempt).rejects.toThrow('lost')
  expect(await readWritten(id)).toEqual(before)
})

test('the second of two concurrent transitions waits, and sees the first', async () => {
  const id = await insertGeneration(sql)
  const [locked, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const first = transaction(sql, async tx => {
    const from = await transition(tx, { id, workspaceId: WORKSPACE, to: 'cancelled', attempt: 1 })
    locked.resolve()
    await mayCommit.promise
    return from
  })
  await locked.promise
  const second = applyTransition(id, 'cancelled')
  await until(async () => (await sql`select from pg_locks where not granted`).length > 0)
  mayCommit.resolve()
  expect(await Promise.all([first, second])).toEqual(['queued', null])
  expect((await readWritten(id)).events).toHaveLength(1)
})

test('the first claim sets the start time, the end the completion time, and a retry clears both', async () => {
  const id = await insertGeneration(sql)
  const times = async () => (await readWritten(id)).row
  await applyTransition(id, 'processing')
  const { started_at: startedAt } = await times()
  expect(startedAt).toBeInstanceOf(Date)
  await applyTransition(id, 'processing')
  expect(await times()).toMatchObject({ started_at: startedAt, completed_at: null })
  await applyTransition(id, 'failed')
  expect(await times()).toMatchObject({ started_at: startedAt, completed_at: expect.any(Date) })
  await applyTransition(id, 'queued')
  expect(await times()).toMatchObject({ started_at: null, completed_at: null })
})

test('an error stays until the next transition', async () => {
  const id = await insertGeneration(sql, { status: 'processing' })
  const error = { code: 'refused', message: 'The provider refused the prompt.' }
  await transaction(sql, tx => transition(tx, { id, workspaceId: WORKSPACE, to: 'failed', attempt: 1, error }))
  expect((await documentOf(id)).error).toEqual(error)
  await applyTransition(id, 'queued')
  expect((await documentOf(id)).error).toBeNull()
})

test('raising the version publishes a change, without a transition', async () => {
  const id = await insertGeneration(sql)
  await bumpVersion(sql, { id, workspaceId: WORKSPACE })
  const after = await readWritten(id)
  expect(after).toMatchObject({ row: { status: 'queued', version: 2 }, events: [], messages: [{}] })
  for (const key of [
    { id: crypto.randomUUID(), workspaceId: WORKSPACE },
    { id, workspaceId: crypto.randomUUID() },
  ])
    await bumpVersion(sql, key)
  expect(await readWritten(id)).toEqual(after)
})

test('the document of a new generation matches the contract', async () => {
  const id = await insertGeneration(sql, { parameters: '{"aspectRatio":"3:2"}' })
  expect(await documentOf(id)).toMatchObject({
    id,
    version: 1,
    status: 'queued',
    parameters: { aspectRatio: '3:2' },
    outputs: [],
    references: [],
    attempt: 0,
    favourite: false,
    progress: null,
    startedAt: null,
  })
})

test('the document of a generation with every kind of output and reference matches the contract', async () => {
  const id = await insertRich()
  const shown = await documentOf(id)
  const ours = `w/${WORKSPACE}/gen/${id}/1`
  expect(shown.outputs.map(({ state, url, previewUrl }) => ({ state, url, previewUrl }))).toEqual([
    { state: 'stored', url: `/media/${ours}/0.png`, previewUrl: `/media/${ours}/0.w960.webp` },
    { state: 'temporary', url: `/media/remote/${id}/1`, previewUrl: `/media/remote/${id}/1` },
    { state: 'failed', url: null, previewUrl: null },
    { state: 'stored', url: `/media/${ours}/3.mp4`, previewUrl: null },
    { state: 'lost', url: null, previewUrl: null },
    { state: 'pending', url: null, previewUrl: null },
  ])
  expect(shown.outputs[1]?.expiresAt).toBe('2026-01-02T03:04:05.678901Z')
  expect(shown.outputs[2]?.error).toEqual({ code: 'refused', message: 'no' })
  expect(shown.references).toEqual([
    {
      id: expect.any(String),
      url: '/media/w/ref/a.b.png',
      previewUrl: '/media/w/ref/a.b.w960.webp',
      width: 30,
      height: 20,
      role: 'mask',
    },
    {
      id: null,
      url: `/media/remote/${id}/ref/1`,
      previewUrl: `/media/remote/${id}/ref/1`,
      width: null,
      height: null,
      role: 'reference',
    },
  ])
  expect(shown).toMatchObject({
    favourite: true,
    progress: 0.25,
    attempt: 4,
    estimatedSeconds: 12.5,
    waiting: { reason: 'rate-limited', until: '2026-01-01T00:00:00Z' },
    cost: { amount: 0.04, currency: 'USD', estimated: true },
    parent: { outputIndex: 2, verb: 'variation' },
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  })
})

test('the document contains no URL, header or request of a provider', async () => {
  const text = (await readGeneration(sql, { id: await insertRich(), workspaceId: WORKSPACE })) ?? ''
  expect(text).not.toMatch(/provider\.example|hunter2|foreign\.example|request/)
})

test('another workspace and an unknown id have no document', async () => {
  const id = await insertGeneration(sql)
  expect(await readGeneration(sql, { id, workspaceId: crypto.randomUUID() })).toBeNull()
  expect(await readGeneration(sql, { id: crypto.randomUUID(), workspaceId: WORKSPACE })).toBeNull()
})

async function applyTransition(id: string, to: Status): Promise<Status | null> {
  return await transaction(sql, tx => transition(tx, { id, workspaceId: WORKSPACE, to, attempt: 3, detail: 'because' }))
}

/** Reads everything that a transition may write. */
async function readWritten(id: string) {
  const [row] = await sql`select status, version, started_at, completed_at from generations where id = ${id}`
  const events = await sql`
    select attempt, from_status, to_status, detail from generation_events where generation_id = ${id} order by id`
  const messages = await sql`select subject, payload from outbox where payload ->> 'id' = ${id} order by id`
  return { row: { ...row } as Record<string, unknown>, events: [...events], messages: [...messages] }
}

/** Reads the document. @throws ZodError if it does not match the contract */
async function documentOf(id: string): Promise<Generation> {
  return Generation.parse(JSON.parse((await readGeneration(sql, { id, workspaceId: WORKSPACE })) ?? 'null'))
}

async function insertRich(): Promise<string> {
  const id = await insertGeneration(sql, { status: 'processing', attempt: 4, numOutputs: 6 })
  const ours = `w/${WORKSPACE}/gen/${id}/1`
  const parent = { generationId: await insertGeneration(sql), outputIndex: 2, verb: 'variation' }
  await sql`
    update generations set
      waiting = ${sql.json({ reason: 'rate-limited', until: '2026-01-01T00:00:00Z' })}, parent = ${sql.json(parent)},
      cost = ${sql.json({ amount: 0.04, currency: 'USD', estimated: true })},
      error = ${sql.json({ code: 'partly', message: 'One output failed.' })}, estimated_seconds = 12.5,
      started_at = now(), completed_at = now(), deleted_at = now()
    where id = ${id}`
  await sql`update generation_jobs set progress = 0.25, stage = 'request' where generation_id = ${id}`
  await sql`
    insert into generation_outputs
      (generation_id, index, state, kind, key, width, height, bytes, mime_type, duration, favourite, provider_url,
       needs_auth, expires_at, error, placeholder)
    values
      (${id}, 3, 'stored', 'video', ${`${ours}/3.mp4`}, 1920, 1080, 5000000000, 'video/mp4', 4.5, false, null, false, null, null, null),
      (${id}, 0, 'stored', 'image', ${`${ours}/0.png`}, 1024, 1024, 123, 'image/png', null, true, null, false, '2020-01-01', null, 'PwgC'),
      (${id}, 1, 'temporary', 'image', null, 8, 8, null, null, null, false, 'https://provider.example/a?token=hunter2',
       true, '2026-01-02 03:04:05.678901+00', null, null),
      (${id}, 2, 'failed', 'image', null, 8, 8, null, null, null, false, null, false, null, '{"code":"refused","message":"no"}', null),
      (${id}, 4, 'lost', 'image', null, null, null, null, null, null, false, 'https://provider.example/b', false, null, null, null),
      (${id}, 5, 'pending', 'image', null, 8, 8, null, null, null, false, null, false, null, null, null)`
  const reference = crypto.randomUUID()
  await sql`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
    values (${reference}, ${WORKSPACE}, ${crypto.getRandomValues(Buffer.alloc(32))}, 'w/ref/a.b.png', 'image/png', 9, 30, 20)`
  await sql`
    insert into generation_references (generation_id, position, reference_id, url, role)
    values (${id}, 1, null, 'https://foreign.example/b.png', default), (${id}, 0, ${reference}, null, 'mask')`
  const addHeaders = sql`update generation_outputs set provider_headers = '{}' where generation_id = ${id}`.execute()
  await expect(addHeaders).rejects.toThrow('no_provider_headers')
  return id
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  await waitFor('The condition', 60_000, async () => await isSo(), 5)
}
