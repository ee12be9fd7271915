import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import fs from 'node:fs'
import { Connection, type Connections } from '@darkroom/contracts/connection'
import type { Problem } from '@darkroom/contracts/problem'
import { openKey, sealKey } from '@darkroom/infra/connections/secret-box'
import { createLog } from '@darkroom/infra/log'
import { writeGeneration } from '../actions/generation.fixture.ts'
import { openTestIngest, type TestIngest } from '../app.fixture.ts'

const ENCRYPTION_KEY = new Uint8Array(32).fill(7)
const CANARY = 'sk-canary-7Qm2ZxPd4LrT9'
const SERVER = { kind: 'openai-compatible', baseUrl: 'http://192.168.1.20:8080/v1' }

let ingest: TestIngest
/** Everything that was answered, or logged, in this file. */
let published = ''
const write = spyOn(fs, 'writeSync')

beforeAll(async () => {
  write.mockImplementation((_, text) => Buffer.byteLength(text as string))
  ingest = await openTestIngest({ log: createLog({ service: 'test', level: 'trace' }), budgetMicros: 20_000_000 })
})
afterAll(async () => {
  write.mockRestore()
  await ingest[Symbol.asyncDispose]()
})

test('a connection is added, changed, checked and removed, each with a message in the same transaction', async () => {
  const added = await send('POST', '', { kind: 'openai', key: CANARY, budgetMicros: 5_000_000 })
  expect(added.status).toBe(201)
  expect(Connection.parse(added.body)).toEqual({
    id: 'openai',
    kind: 'openai',
    name: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    key: 'stored',
    variable: null,
    locked: false,
    draft: false,
    state: { kind: 'checking' },
    slots: 2,
    maxOpenCalls: 64,
    budgetMicros: 5_000_000,
    assumedMicros: null,
    failoverModel: null,
    spentMicros: 0,
    dialect: null,
    checkedAt: null,
    checkResult: null,
    modelsAt: null,
    models: 0,
  })
  expect(await readRow('openai')).toMatchObject({ key: CANARY, revision: 1, isCheckRequested: true })
  await endCheck('openai')

  const named = await send('PATCH', '/openai', { name: ' Mine ', slots: 4, assumedMicros: 10_000, budgetMicros: null })
  expect(named).toMatchObject({ status: 200, body: { name: 'Mine', slots: 4, state: { kind: 'ok' } } })
  expect(await readRow('openai')).toMatchObject({ key: CANARY, revision: 2, isCheckRequested: false })
  const renewed = await send('PATCH', '/openai', { key: `${CANARY}-2` })
  expect(renewed.body).toMatchObject({ key: 'stored', state: { kind: 'checking' } })
  expect(await readRow('openai')).toMatchObject({ key: `${CANARY}-2`, revision: 3, isCheckRequested: true })
  await endCheck('openai')
  expect((await send('PATCH', '/openai', { key: null })).body).toMatchObject({ key: 'missing' })
  expect((await send('PATCH', '/openai', { key: CANARY, slots: null })).body).toMatchObject({ key: 'stored', slots: 2 })

  await endCheck('openai')
  expect(await send('POST', '/openai/check')).toMatchObject({ status: 202, body: { state: { kind: 'checking' } } })
  expect(await readRow('openai')).toMatchObject({ isCheckRequested: true })

  await ingest.sql`
    insert into models (id, provider, position, capability) select 'openai/some', 'openai', 0, capability from models where id = 'demo'`
  expect((await list()).connections).toMatchObject([{ id: 'openai', models: 1 }])
  expect((await send('DELETE', '/openai')).status).toBe(204)
  expect(await readRow('openai')).toMatchObject({ key: null, isRemoved: true })
  expect((await list()).connections).toEqual([])
  const submission = { prompt: 'a prompt', model: 'openai/some' }
  expect((await ingest.request('POST', '/api/generate', submission)).status).toBe(422)
  expect(await listMessages()).toEqual([
    ...Array(6).fill('connection.changed openai'),
    'models.changed openai',
    'connection.changed openai',
  ])
  for (const [method, path] of [
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/check'],
  ] as const)
    expect((await send(method, `/openai${path}`, method === 'PATCH' ? { slots: 1 } : undefined)).status).toBe(404)

  // Its generations and costs name it: another one of its kind is another connection.
  expect((await send('POST', '', { kind: 'openai', key: CANARY })).body).toMatchObject({ id: 'openai-2' })
  const others = Array.from({ length: 8 }, () => send('POST', '', { kind: 'openai', key: CANARY }))
  const ids = (await Promise.all([...others, send('POST', '', SERVER)])).map(({ body }) => body.id)
  const numbered = Array.from({ length: 8 }, (_, index) => `openai-${index + 3}`)
  expect(ids.toSorted()).toEqual([...numbered, 'openai-compatible'].toSorted())
})

test('the key of a removed connection stays while calls of it are under way', async () => {
  const { body } = await send('POST', '', { kind: 'openai', key: CANARY, name: 'draining' })
  const { workspaceId } = ingest.owner
  const id = await writeGeneration(ingest.sql, { workspaceId, status: 'processing', outputs: ['pending'], calls: [{}] })
  await ingest.sql`update generations set provider = ${body.id} where id = ${id}`
  expect((await send('DELETE', `/${body.id}`)).status).toBe(204)
  expect(await readRow(body.id)).toMatchObject({ key: CANARY, isRemoved: true })
})

test('a draft serves nothing until it is added, and leaves nothing when it is not', async () => {
  const draft = (await send('POST', '', { ...SERVER, draft: true, key: CANARY })).body
  expect(draft).toMatchObject({ draft: true, key: 'stored', state: { kind: 'checking' } })
  expect((await send('PATCH', `/${draft.id}`, { draft: true })).status).toBe(422)
  expect((await send('PATCH', `/${draft.id}`, { draft: false })).body).toMatchObject({ draft: false })
  const second = (await send('POST', '', { ...SERVER, draft: true })).body
  expect((await send('DELETE', `/${second.id}`)).status).toBe(204)
  const third = (await send('POST', '', { ...SERVER, draft: true })).body
  expect(third.id).toBe(second.id)
  await ingest.sql`update connections set created_at = now() - interval '61 minutes' where id in (${third.id}, ${draft.id})`
  const ids = (await list()).connections.map(({ id }) => id)
  expect([ids.includes(third.id), ids.includes(draft.id)]).toEqual([false, true])
})

test('this machine is there once: it is switched on, off, and on again with the same id', async () => {
  const machine = { kind: 'local' }
  const added = await send('POST', '', machine)
  expect(added).toMatchObject({ status: 201, body: { id: 'local', name: 'This machine', key: 'none', slots: 1 } })
  expect(added.body.state).toEqual({ kind: 'checking' })
  expect((await send('POST', '', machine)).status).toBe(409)
  for (const [field, value] of [
    ['draft', true],
    ['key', CANARY],
    ['baseUrl', 'http://127.0.0.1'],
  ] as const)
    expect((await send('POST', '', { ...machine, [field]: value })).body.errors).toMatchObject([{ path: field }])
  expect((await send('PATCH', '/local', { slots: 2 })).status).toBe(200)
  expect((await send('DELETE', '/local')).status).toBe(204)
  expect(find(await list(), 'local')).toBeUndefined()
  const again = await send('POST', '', { ...machine, name: 'Attic' })
  expect(again).toMatchObject({ status: 201, body: { id: 'local', name: 'Attic', slots: 2 } })
  expect(await readRow('local')).toMatchObject({ isCheckRequested: true, isRemoved: false, revision: 4 })
})

test('refuses what is incomplete, unsafe or not for the kind, and writes nothing', async () => {
  const { id } = (await send('POST', '', { ...SERVER, key: CANARY })).body
  const before = await snapshot()
  for (const [body, field] of [
    [{}, 'kind'],
    [{ kind: 'demo' }, 'kind'],
    [{ kind: 'fake' }, 'kind'],
    [{ kind: 'nobody' }, 'kind'],
    [{ kind: 'openai' }, 'key'],
    [{ kind: 'openai-compatible' }, 'baseUrl'],
    [{ kind: 'openai', key: CANARY, id: 'mine' }, ''],
    [{ kind: 'openai', key: CANARY, dialect: { takesSeed: true } }, 'dialect'],
    [{ kind: 'openai', key: `${CANARY} ü` }, 'key'],
    [{ kind: 'openai', key: `${CANARY}\n${CANARY}` }, 'key'],
    [{ kind: 'openai', key: CANARY, slots: 0 }, 'slots'],
    [{ kind: 'openai', key: CANARY, maxOpenCalls: 1_001 }, 'maxOpenCalls'],
    [{ kind: 'openai', key: CANARY, budgetMicros: -1 }, 'budgetMicros'],
    [{ ...SERVER, name: 'a\0b' }, 'name'],
    [{ ...SERVER, dialect: { models: ['a\0b'] } }, 'dialect.models.0'],
    [{ ...SERVER, dialect: { models: ['\ud800'] } }, 'dialect.models.0'],
    [{ ...SERVER, baseUrl: 'http://192.168.1.20/\0' }, 'baseUrl'],
    [{ ...SERVER, baseUrl: 'ftp://192.168.1.20/v1' }, 'baseUrl'],
    [{ ...SERVER, baseUrl: 'file:///etc/passwd' }, 'baseUrl'],
    [{ ...SERVER, baseUrl: 'http://user:secret@192.168.1.20/v1' }, 'baseUrl'],
    [{ ...SERVER, baseUrl: 'http://192.168.1.20/v1?key=1' }, 'baseUrl'],
    [{ ...SERVER, baseUrl: 'http://169.254.169.254/latest' }, 'baseUrl'],
    [{ ...SERVER, baseUrl: 'http://[fe80::1]/v1' }, 'baseUrl'],
    [{ ...SERVER, baseUrl: 'http://[::ffff:169.254.169.254]/v1' }, 'baseUrl'],
  ] as const) {
    const { status, body: problem } = await send('POST', '', body)
    expect({ body, status, path: problem.errors?.[0]?.path }).toEqual({ body, status: 422, path: field })
  }
  for (const [change, field] of [
    [{ baseUrl: 'http://192.168.1.21:8080/v1' }, 'key'],
    [{ baseUrl: 'http://169.254.1.1/v1', key: CANARY }, 'baseUrl'],
    [{ key: '' }, 'key'],
    [{ kind: 'openai' }, ''],
  ] as const) {
    const { status, body: problem } = await send('PATCH', `/${id}`, change)
    expect({ change, status, path: problem.errors?.[0]?.path }).toEqual({ change, status: 422, path: field })
  }
  expect((await send('PATCH', '/%00', {})).status).toBe(422)
  expect((await send('PATCH', '/nobody', { slots: 1 })).status).toBe(404)
  expect(await snapshot()).toEqual(before)
  const moved = { baseUrl: 'http://192.168.1.21:8080/v1', key: `${CANARY}-3` }
  expect((await send('PATCH', `/${id}`, moved)).body).toMatchObject({ baseUrl: moved.baseUrl, key: 'stored' })
  const bare = { baseUrl: 'http://192.168.1.22:8080/v1', key: null }
  expect((await send('PATCH', `/${id}`, bare)).body).toMatchObject({ baseUrl: bare.baseUrl, key: 'none' })
})

test('an address stays while a call is under way there, which another one would not know: it would be bought again', async () => {
  const { body: server } = await send('POST', '', { ...SERVER, name: 'Busy' })
  const { workspaceId } = ingest.owner
  const calls = [{ requestId: 'r-1' }]
  const id = await writeGeneration(ingest.sql, { workspaceId, status: 'processing', outputs: ['pending'], calls })
  await ingest.sql`update generations set provider = ${server.id} where id = ${id}`
  const moved = { baseUrl: 'http://192.168.1.23:8080/v1' }
  expect((await send('PATCH', `/${server.id}`, moved)).status).toBe(409)
  expect((await send('PATCH', `/${server.id}`, { slots: 2, baseUrl: server.baseUrl })).status).toBe(200)
  await ingest.sql`update provider_calls set finished_at = now(), outcome = 'finished' where generation_id = ${id}`
  expect((await send('PATCH', `/${server.id}`, moved)).status).toBe(200)
})

test('the calls that may be open at the provider are set with the connection or later, and go back to the default', async () => {
  const { body: added } = await send('POST', '', { ...SERVER, name: 'Limited', maxOpenCalls: 5 })
  expect(added).toMatchObject({ maxOpenCalls: 5 })
  const change = async (maxOpenCalls: number | null) =>
    (await send('PATCH', `/${added.id}`, { maxOpenCalls })).body.maxOpenCalls
  expect([await change(1_000), await change(null)]).toEqual([1_000, 64])
})

test('what the environment or the studio decides is locked, except for limits and budget', async () => {
  await ingest.sql`
    insert into connections (id, kind, name, source, variable, state) values ('demo', 'demo', 'Demo', 'built-in', null, '{"kind": "ok"}'),
      ('environment', 'openai', 'OpenAI', 'environment', 'OPENAI_API_KEY', '{"kind": "ok"}')`
  for (const id of ['demo', 'environment']) {
    const before = await snapshot()
    for (const change of [
      { name: 'x' },
      { key: CANARY },
      { key: null },
      { slots: 1, baseUrl: 'http://a.example/v1' },
      { draft: false },
    ])
      expect({ id, change, ...(await send('PATCH', `/${id}`, change)) }).toMatchObject({ status: 409 })
    expect((await send('DELETE', `/${id}`)).status).toBe(409)
    expect(await snapshot()).toEqual(before)
    const change = { slots: 3, maxOpenCalls: 7, budgetMicros: 1_000_000, assumedMicros: 5_000 }
    expect(await send('PATCH', `/${id}`, change)).toMatchObject({ status: 200, body: { ...change, locked: true } })
  }
  const { connections } = await list()
  expect(connections.at(-1)).toMatchObject({ id: 'demo', key: 'none', variable: null })
  expect(connections.at(-2)).toMatchObject({ id: 'environment', key: 'environment', variable: 'OPENAI_API_KEY' })
})

test('a key that was stored with another encryption key counts as missing', async () => {
  const { id } = (await send('POST', '', { kind: 'openai', key: CANARY })).body
  await endCheck(id)
  await ingest.sql`
    update connections set key_sealed = ${sealKey(new Uint8Array(32).fill(8), id, CANARY)} where id = ${id}`
  expect(find(await list(), id)).toMatchObject({
    key: 'missing',
    state: { kind: 'wrong-key', error: expect.any(String) },
  })
})

test('lists what was spent in this month, by connection and in all', async () => {
  const { id } = (await send('POST', '', { ...SERVER, assumedMicros: 30_000 })).body
  const before = (await list()).budget
  await writeCost(id, { estimated: 40_000 })
  await writeCost(id, { estimated: 40_000, reported: 50_000, outcome: 'failed' })
  await writeCost(id, { count: 2, outcome: 'unknown' })
  await writeCost(id, { estimated: 1_000_000, outcome: 'not-billed' })
  await writeCost(id, { estimated: 1_000_000, isOfLastMonth: true })
  const after = await list()
  expect(find(after, id)).toMatchObject({ spentMicros: 150_000 })
  expect(after.budget).toMatchObject({ limitMicros: 20_000_000, spentMicros: before.spentMicros + 150_000 })
  const now = new Date()
  expect(new Date(after.budget.renewsAt)).toEqual(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)))
})

test('is for administrators only, who learn nothing else either', async () => {
  const before = await snapshot()
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['POST', '', { kind: 'openai', key: CANARY }],
    ['POST', '', { nonsense: true }],
    ['PATCH', '/demo', { slots: 1 }],
    ['PATCH', '/nobody', { slots: 1 }],
    ['DELETE', '/openai-2', undefined],
    ['POST', '/openai-2/check', undefined],
  ] as const) {
    const response = await ingest.request(method, `/api/connections${path}`, body, 'owner')
    expect([method, path, response.status]).toEqual([method, path, 403])
    published += await response.text()
  }
  expect(await snapshot()).toEqual(before)
})

test('no key is in a response, in the log, or in any table', async () => {
  await ingest.sql`alter table connections rename to connections_away`
  const failed = await send('POST', '', { kind: 'openai', key: CANARY })
  await ingest.sql`alter table connections_away rename to connections`
  expect(failed.status).toBe(500)
  const logged = write.mock.calls
    .map(([, text]) => (typeof text === 'string' ? text : Buffer.from(text as Uint8Array).toString()))
    .join('')
  expect(logged).toContain('request_failed')
  const tables = await ingest.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`
  expect(tables.length).toBeGreaterThan(20)
  let rows = ''
  for (const { name } of tables)
    for (const row of await ingest.sql<{ text: string }[]>`select t::text as text from ${ingest.sql(name)} t`)
      rows += row.text
  const stored = await ingest.sql<{ id: string; sealed: Uint8Array }[]>`
    select id, key_sealed as sealed from connections where key_sealed is not null`
  expect(stored.length).toBeGreaterThan(3)
  const hex = Buffer.from('canary-7Qm2').toString('hex')
  const base64 = Buffer.from(CANARY).toString('base64').slice(0, 20)
  for (const text of [published, logged, rows])
    expect(['canary-7Qm2', hex, base64].filter(needle => text.includes(needle))).toEqual([])
})

interface Answer {
  status: number
  body: Connection & Partial<Problem>
}

async function send(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await ingest.request(method, `/api/connections${path}`, body, 'admin')
  const text = await response.text()
  published += text + JSON.stringify([...response.headers])
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

async function list(): Promise<Connections> {
  const response = await ingest.request('GET', '/api/connections', undefined, 'admin')
  const text = await response.text()
  published += text
  return JSON.parse(text) as Connections
}

function find({ connections }: Connections, id: string): Connection | undefined {
  return connections.find(connection => connection.id === id)
}

async function readRow(id: string) {
  const [row] = await ingest.sql<
    { sealed: Uint8Array | null; revision: number; isCheckRequested: boolean; isRemoved: boolean }[]
  >`
    select key_sealed as sealed, revision, check_requested_at is not null as "isCheckRequested", removed_at is not null as "isRemoved"
    from connections where id = ${id}`
  if (!row) throw new Error(`no row ${id}`)
  const { sealed, ...rest } = row
  return { ...rest, key: sealed && openKey(ENCRYPTION_KEY, id, sealed) }
}

/** Ends a check as a processor does. */
async function endCheck(id: string): Promise<void> {
  await ingest.sql`update connections set check_requested_at = null, checked_at = now() where id = ${id}`
}

async function listMessages(): Promise<string[]> {
  const rows = await ingest.sql<{ message: string }[]>`
    select concat_ws(' ', payload ->> 'type', payload ->> 'id') as message from outbox where subject = 'events.connections' order by id`
  return rows.map(({ message }) => message)
}

/** Reads what a refusal must not change. */
async function snapshot(): Promise<unknown> {
  return await ingest.sql`
    select (select json_agg(c order by id) from connections c) as connections, (select count(*) from outbox) as messages`
}

async function writeCost(
  connection: string,
  cost: { estimated?: number; reported?: number; count?: number; outcome?: string; isOfLastMonth?: boolean },
): Promise<void> {
  await ingest.sql`
    insert into call_costs (generation_id, call, attempt, workspace_id, connection, model, kind, count, estimated_micros,
                            reported_micros, outcome, made_at)
    values (${crypto.randomUUID()}, 0, 1, ${crypto.randomUUID()}, ${connection}, 'm', 'image', ${cost.count ?? 1},
            ${cost.estimated ?? null}, ${cost.reported ?? null}, ${cost.outcome ?? null}, case when ${cost.isOfLastMonth ?? false}
              then date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '1 second' else now() end)`
}
