import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { createLog } from '@darkroom/infra/log'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { type GenerationFixture, writeGeneration } from '../actions/generation.fixture.ts'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'
import { demoModel } from '../submit/model.fixture.ts'
import { runFailovers } from './run-failovers.ts'

let ingest: TestIngest
const other: Model = { ...demoModel, id: 'other/brush', name: 'Brush', connection: 'other', settings: {}, seed: null }
const video: Model = { ...other, id: 'other/reel', name: 'Reel', kind: 'video', durations: [5] }

beforeAll(async () => {
  ingest = await openTestIngest()
  const { sql } = ingest
  for (const [position, model] of [other, video].entries())
    await sql`insert into models (id, provider, position, capability) values (${model.id}, 'other', ${position}, ${sql.json(model)})`
  for (const id of ['demo', 'other'])
    await sql`insert into connections (id, kind, name, source) values (${id}, 'openai', ${id}, 'stored') on conflict (id) do nothing`
})

afterAll(() => ingest[Symbol.asyncDispose]())

beforeEach(async () => {
  await ingest.sql`update connections set failover_model = null`
  await ingest.sql`update generations set status = 'cancelled', waiting = null where status in ('queued', 'processing')`
})

interface WaitingOptions extends Partial<GenerationFixture> {
  reason?: string
  error?: string
}

/** Writes a generation that waits for its connection, or has failed by it. */
async function writeWaiting({ reason = 'no-credit', error, ...fixture }: WaitingOptions = {}): Promise<string> {
  const { sql, owner } = ingest
  const status = error === undefined ? 'queued' : 'failed'
  const outputs = fixture.outputs ?? [error === undefined ? 'pending' : 'failed']
  const id = await writeGeneration(sql, { workspaceId: owner.workspaceId, status, ...fixture, outputs })
  await sql`update generation_jobs set waiting_since = now() - interval '2 minutes' where generation_id = ${id}`
  if (error === undefined)
    await sql`update generations set waiting = ${sql.json({ reason, until: null })} where id = ${id}`
  else await sql`update generations set error = ${sql.json({ code: error, message: 'It failed.' })} where id = ${id}`
  return id
}

async function submitInstead(insteadOf: string, as: 'owner' | 'stranger' = 'owner') {
  const body = { prompt: 'a prompt', model: 'other/brush', insteadOf }
  const response = await ingest.request('POST', '/api/generate', body, as)
  return { status: response.status, body: (await response.json()) as Generation & { detail?: string } }
}

async function readState(id: string) {
  const [row] = await ingest.sql<{ status: string; error: { code: string; message: string } | null }[]>`
    select status, error from generations where id = ${id}`
  return [row?.status, row?.error?.code]
}

/** Runs the rules until a condition is true. */
async function runRules(until: () => Promise<boolean>) {
  const stopping = new AbortController()
  await using images = openTestDecoder()
  const deps = { ...ingest, database: ingest.sql, images, concurrency: 1, queueDepth: 500, budgetMicros: null }
  const log = createLog({ service: 'test', level: 'silent' })
  const running = runFailovers({ ...deps, log, pollMs: 20, signal: stopping.signal })
  try {
    await waitFor('the rules', 60_000, until)
  } finally {
    stopping.abort()
    await running.catch(() => {})
  }
}

async function listMadeInstead(id: string) {
  return await ingest.sql<{ id: string; model: string; parameters: Record<string, unknown> }[]>`
    select id, model, parameters from generations where instead_of ->> 'generationId' = ${id}`
}

test.each([{ reason: 'no-credit' }, { reason: 'provider-down' }, { reason: 'key-refused' }])(
  'what waits (%p) is made with another model in its place, once',
  async options => {
    const id = await writeWaiting(options)
    const { status, body } = await submitInstead(id)
    expect([status, body.insteadOf]).toEqual([202, { generationId: id, model: 'demo' }])
    expect(await readState(id)).toEqual(['cancelled', 'replaced'])
    expect((await submitInstead(id)).status).toBe(409)
    expect(await listMadeInstead(id)).toHaveLength(1)
  },
)

test('what has failed by its connection is made elsewhere and says so', async () => {
  const id = await writeWaiting({ error: 'payment_required', calls: [{ outcome: 'failed' }] })
  expect((await submitInstead(id)).status).toBe(202)
  expect(await readState(id)).toEqual(['failed', 'replaced'])
})

test('what its provider may have taken is not made elsewhere', async () => {
  const cases: WaitingOptions[] = [
    { reason: 'provider-down', status: 'processing', calls: [{ requestId: 'r' }] },
    { reason: 'provider-down', status: 'processing', calls: [{}] },
    { reason: 'provider-down', status: 'queued', calls: [{ outcome: 'unknown' }] },
    { error: 'provider_unreachable', calls: [{ outcome: 'unknown' }] },
    { error: 'provider_silent', calls: [{ requestId: 'r', outcome: 'finished' }] },
    { error: 'payment_required', outputs: ['stored', 'failed'] },
  ]
  for (const fixture of cases) {
    const id = await writeWaiting(fixture)
    const before = await readState(id)
    const { status, body } = await submitInstead(id)
    expect([status, body.detail]).toEqual([409, expect.stringContaining('may have taken it')])
    expect(await readState(id)).toEqual(before)
    expect(await listMadeInstead(id)).toHaveLength(0)
  }
})

test('what goes on by itself, was refused for what it is, or belongs to somebody else, is not made elsewhere', async () => {
  const running = await writeWaiting({ reason: 'provider-queue' })
  const refused = await writeWaiting({ error: 'content_refused' })
  const unknown = await writeWaiting({ error: 'unknown_outcome' })
  for (const id of [running, refused, unknown]) expect((await submitInstead(id)).status).toBe(409)
  expect((await submitInstead(await writeWaiting(), 'stranger')).status).toBe(422)
  expect((await submitInstead(crypto.randomUUID())).status).toBe(422)
})

test('a rule makes what waits with its model, with the settings that this one has, and does nothing without being set', async () => {
  const id = await writeWaiting()
  const { sql } = ingest
  await sql`update generations set parameters = '{"aspectRatio": "3:2", "resolution": 1024, "numOutputs": 2, "seed": 4, "settings": {"grain": 1}}' where id = ${id}`
  const due = await writeWaiting()
  await sql`update generation_jobs set waiting_since = now() where generation_id = ${due}`
  await sql`update connections set failover_model = 'other/brush' where id = 'demo'`
  await runRules(async () => (await listMadeInstead(id)).length > 0)
  expect((await listMadeInstead(id)).map(({ model, parameters }) => ({ model, parameters }))).toEqual([
    { model: 'other/brush', parameters: { aspectRatio: '3:2', resolution: 1024, numOutputs: 2 } },
  ])
  expect(await readState(id)).toEqual(['cancelled', 'replaced'])
  expect(await readState(due)).toEqual(['queued', undefined])
})

test('rules that name each other end, and what a rule cannot make waits on', async () => {
  const { sql } = ingest
  const replaced = await writeWaiting()
  const taken = await writeWaiting({ status: 'processing', calls: [{ requestId: 'r' }] })
  await sql`update connections set failover_model = case id when 'demo' then 'other/brush' else 'demo' end`
  await runRules(async () => (await listMadeInstead(replaced)).length > 0)
  const [made] = await listMadeInstead(replaced)
  await sql`update generations set waiting = ${sql.json({ reason: 'no-credit', until: null })} where id = ${made?.id ?? ''}`
  await sql`update generation_jobs set waiting_since = now() - interval '2 minutes' where generation_id = ${made?.id ?? ''}`
  const last = await writeWaiting()
  await runRules(async () => (await listMadeInstead(last)).length > 0)
  expect(await listMadeInstead(made?.id ?? '')).toHaveLength(0)
  expect(await readState(taken)).toEqual(['processing', undefined])
})

test('a rule names a model of another connection, or none', async () => {
  const change = async (failoverModel: string | null) =>
    (await ingest.request('PATCH', '/api/connections/demo', { failoverModel }, 'admin')).status
  expect(await change('other/brush')).toBe(200)
  expect(await change(null)).toBe(200)
  for (const model of ['demo', 'nobody/knows']) expect(await change(model)).toBe(422)
})
