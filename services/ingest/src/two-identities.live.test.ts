import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { OutputState, Status } from '@darkroom/contracts/enums'
import { Generation } from '@darkroom/contracts/generation'
import { ReferenceOrigin } from '@darkroom/contracts/history/library'
import { References } from '@darkroom/contracts/reference'
import type { Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { createTwoIdentities } from '@darkroom/infra/testing/two-identities/identities'
import { listRoutes } from '@darkroom/infra/testing/two-identities/route-list'
import { createStatementRecorder, type StatementRecorder } from '@darkroom/infra/testing/two-identities/statements'
import { readWorkspaceRows } from '@darkroom/infra/testing/two-identities/workspace-rows'
import sharp from 'sharp'
import { type CallFixture, writeGeneration } from './actions/generation.fixture.ts'
import { lockTrashed } from './actions/trash-rows.ts'
import { openTestIngest, type TestIngest } from './app.fixture.ts'
import { findOriginOutput } from './references/origin-rows.ts'
import { hasMoreUnfinished } from './submit/generation-rows.ts'

/** Every route of ingest, with two users: what is Alice's does not exist for Bob, and nothing that he sends changes it. */

const stack = new AsyncDisposableStack()
const identities = createTwoIdentities()
const { alice, bob } = identities
let ingest: TestIngest
let recorder: StatementRecorder

beforeAll(async () => {
  ingest = stack.use(await openTestIngest({ identify: identities.identify }))
  recorder = createStatementRecorder(ingest.sql)
})
afterAll(() => stack.disposeAsync())

/** A route with the id of something. */
interface ThingRoute {
  /** Makes what is Alice's. @returns its id */
  make(): Promise<string>
  suffix: string
  body?: unknown
  /** Status for Alice, once Bob has tried. */
  own: number
}

const make = (status: Status, outputs: OutputState[], calls: CallFixture[] = []) => ({
  make: () => writeGeneration(ingest.sql, { workspaceId: alice.workspaceId, status, outputs, calls }),
})

const GENERATION_ROUTES: Record<string, ThingRoute> = {
  'POST /api/generate/:id/cancel': { ...make('queued', ['pending']), suffix: '/cancel', own: 200 },
  'POST /api/generate/:id/retry': { ...make('failed', ['failed']), suffix: '/retry', own: 202 },
  'POST /api/generate/:id/complete': { ...make('completed', ['stored', 'failed']), suffix: '/complete', own: 202 },
  'POST /api/generate/:id/check': {
    ...make('failed', ['failed'], [{ requestId: 'r', outcome: 'unknown' }]),
    suffix: '/check',
    own: 202,
  },
  'PATCH /api/generate/:id': {
    ...make('completed', ['stored']),
    suffix: '',
    body: { outputIndex: 0, favourite: true },
    own: 200,
  },
  'DELETE /api/generate/:id': { ...make('completed', ['stored']), suffix: '', own: 204 },
  'POST /api/generate/:id/restore': { make: () => makeDeleted(''), suffix: '/restore', own: 200 },
  'DELETE /api/generate/:id/outputs/:index': {
    ...make('completed', ['stored', 'stored']),
    suffix: '/outputs/1',
    own: 200,
  },
  'POST /api/generate/:id/outputs/:index/restore': {
    make: () => makeDeleted('/outputs/1'),
    suffix: '/outputs/1/restore',
    own: 200,
  },
}

/** Routes of what belongs to the studio: for administrators. */
const STUDIO_ROUTES: Record<string, [method: string, path: string, body?: unknown]> = {
  'GET /api/connections': ['GET', '/api/connections'],
  'POST /api/connections': ['POST', '/api/connections', { kind: 'demo', name: 'Bob', draft: true }],
  'PATCH /api/connections/:id': ['PATCH', '/api/connections/mine', { name: 'Bob' }],
  'DELETE /api/connections/:id': ['DELETE', '/api/connections/mine'],
  'POST /api/connections/:id/check': ['POST', '/api/connections/mine/check'],
  'GET /api/connections/:id/workflows': ['GET', '/api/connections/mine/workflows'],
  'POST /api/connections/:id/workflows': ['POST', '/api/connections/mine/workflows', { name: 'Bob', graph: {} }],
  'DELETE /api/connections/:id/workflows/:name': ['DELETE', '/api/connections/mine/workflows/Bob'],
}

/** Routes with a test of their own. */
const OTHER_ROUTES = [
  'DELETE /api/auth/admin',
  'DELETE /api/trash',
  'GET /api/auth',
  'GET /api/references/:id/origin',
  'POST /api/admin/backfill-reference-images',
  'POST /api/auth/admin',
  'POST /api/generate',
  'POST /api/references',
]

test('every route has a case', () => {
  const cases = [...Object.keys(GENERATION_ROUTES), ...Object.keys(STUDIO_ROUTES), ...OTHER_ROUTES]
  expect(cases.toSorted()).toEqual(listRoutes(ingest))
})

test.each(Object.entries(GENERATION_ROUTES))(
  '%s: what is of another is not there, and stays as it is',
  async (route, given) => {
    const [method = ''] = route.split(' ')
    const id = await given.make()
    const before = await readWorkspaceRows(ingest.sql, alice.workspaceId)
    const path = (of: string) => `/api/generate/${of}${given.suffix}`
    const foreign = await record('bob', method, path(id), given.body)
    const unknown = await record('bob', method, path(crypto.randomUUID()), given.body)
    expect([foreign.status, foreign.problem]).toEqual([404, unknown.problem])
    expect(foreign.statements).toEqual(unknown.statements)
    expect(foreign.statements.length).toBeGreaterThan(0)
    expect(await readWorkspaceRows(ingest.sql, alice.workspaceId)).toEqual(before)
    expect((await send('alice', method, path(id), given.body)).status).toBe(given.own)
    expect(await readWorkspaceRows(ingest.sql, alice.workspaceId)).not.toEqual(before)
  },
)

test.each(Object.entries(STUDIO_ROUTES))(
  '%s: what belongs to the studio is for administrators',
  async (_, [method, path, body]) => {
    const sql = ingest.sql
    await sql`insert into connections (id, kind, name, source) values ('mine', 'openai', 'Mine', 'stored') on conflict do nothing`
    const read = async () => JSON.stringify(await sql`select * from connections order by id`)
    const before = await read()
    const refused = await record('bob', method, path, body)
    expect([refused.status, refused.statements, await read()]).toEqual([403, [], before])
    expect((await send('alice', method, path, body)).status).not.toBe(403)
  },
)

test('whether somebody is an administrator, and the secret that makes one', async () => {
  expect(await (await send('bob', 'GET', '/api/auth')).json()).toEqual({ admin: false })
  expect(await (await send('alice', 'GET', '/api/auth')).json()).toEqual({ admin: true })
  expect((await send('bob', 'POST', '/api/auth/admin', { secret: 'x'.repeat(32) })).status).toBe(401)
  expect((await send('bob', 'DELETE', '/api/auth/admin')).status).toBe(204)
  expect(await (await send('bob', 'GET', '/api/auth')).json()).toEqual({ admin: false })
  for (const user of ['bob', 'alice'] as const)
    expect((await send(user, 'POST', '/api/admin/backfill-reference-images', {})).status).toBe(401)
})

test('a client id is unique in its workspace: that of another is free, and returns nothing of it', async () => {
  const clientId = crypto.randomUUID()
  const [hers, his] = [await submit('alice', { clientId, prompt: 'a' }), await submit('bob', { clientId, prompt: 'b' })]
  expect([hers.status, his.status]).toEqual([202, 202])
  expect([his.generation?.clientId, his.generation?.prompt]).toEqual([clientId, 'b'])
  expect(his.generation?.id).not.toBe(hers.generation?.id ?? '')
  const again = await submit('bob', { clientId, prompt: 'b' })
  expect([again.status, again.generation?.id]).toEqual([200, his.generation?.id ?? ''])
  expect((await submit('bob', { clientId, prompt: 'a' })).status).toBe(409)
})

test('a submission cannot use a reference or go on from an output of another', async () => {
  const reference = await upload('alice', await paint('#123'))
  const outputs: OutputState[] = ['stored']
  const parentId = await writeGeneration(ingest.sql, { workspaceId: alice.workspaceId, status: 'completed', outputs })
  const uses: ((id: string) => object)[] = [
    id => ({ prompt: 'a', referenceImages: [id] }),
    id => ({ prompt: 'a', parent: { generationId: id, outputIndex: 0, verb: 'again' } }),
  ]
  const before = await readWorkspaceRows(ingest.sql, alice.workspaceId)
  for (const [use, id] of [[uses[0], reference.id] as const, [uses[1], parentId] as const]) {
    const foreign = await record('bob', 'POST', '/api/generate', use?.(id))
    const unknown = await record('bob', 'POST', '/api/generate', use?.(crypto.randomUUID()))
    expect([foreign.status, foreign.problem]).toEqual([422, unknown.problem])
    expect(foreign.statements).toEqual(unknown.statements)
  }
  expect(await readWorkspaceRows(ingest.sql, alice.workspaceId)).toEqual(before)
  expect((await submit('alice', uses[0]?.(reference.id))).status).toBe(202)
  expect((await submit('alice', uses[1]?.(parentId))).status).toBe(202)
})

test('the same image of two users is two objects, and where one came from says nothing of the other', async () => {
  const bytes = await paint('#456')
  const hers = await upload('alice', bytes)
  const outputs: OutputState[] = ['stored']
  const made = await writeGeneration(ingest.sql, { workspaceId: alice.workspaceId, status: 'completed', outputs })
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest()
  await ingest.sql`update generation_outputs set sha256 = ${sha256} where generation_id = ${made}`
  const before = await readWorkspaceRows(ingest.sql, alice.workspaceId)
  const uploaded = await recordUpload('bob', bytes)
  const his = uploaded.reference
  const fresh = await recordUpload('bob', await paint('#457'))
  expect(uploaded.statements).toEqual(fresh.statements)
  expect([his.id === hers.id, his.url.startsWith(`/media/w/${bob.workspaceId}/`)]).toEqual([false, true])
  const keys = await Array.fromAsync(ingest.store.list(''), ({ key }) => key)
  expect(keys).toEqual(expect.arrayContaining([hers.url, his.url].map(url => url.slice('/media/'.length))))
  const origin = (user: User, id: string) => record(user, 'GET', `/api/references/${id}/origin`)
  const [foreign, unknown] = [await origin('bob', hers.id), await origin('bob', crypto.randomUUID())]
  expect([foreign.status, foreign.problem, foreign.statements]).toEqual([404, unknown.problem, unknown.statements])
  expect(ReferenceOrigin.parse((await origin('bob', his.id)).body).output).toBeNull()
  expect(ReferenceOrigin.parse((await origin('alice', hers.id)).body).output?.generationId).toBe(made)
  expect(await readWorkspaceRows(ingest.sql, alice.workspaceId)).toEqual(before)
})

test('emptying the trash removes only what the user has deleted', async () => {
  const id = await makeDeleted('')
  const before = await readWorkspaceRows(ingest.sql, alice.workspaceId)
  expect(await (await send('bob', 'DELETE', '/api/trash')).json()).toEqual({ purged: 0 })
  expect(await readWorkspaceRows(ingest.sql, alice.workspaceId)).toEqual(before)
  expect(await (await send('alice', 'DELETE', '/api/trash')).json()).toEqual({ purged: expect.any(Number) })
  expect((await send('alice', 'POST', `/api/generate/${id}/restore`)).status).toBe(404)
})

test('what is looked up for a user reads no rows of another', async () => {
  const bytes = await paint('#789')
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const outputs: OutputState[] = ['stored']
  for (let count = 0; count < 30; count++)
    await writeGeneration(ingest.sql, { workspaceId: alice.workspaceId, status: 'completed', outputs })
  await ingest.sql`update generation_outputs set sha256 = decode(${sha256}, 'hex') where workspace_id = ${alice.workspaceId}`
  await ingest.sql`update generations set deleted_at = now() where workspace_id = ${alice.workspaceId}`
  const { workspaceId } = bob
  const until = new Date(Date.now() + 60_000).toISOString()
  const lookUps: ((tx: Transaction) => Promise<unknown>)[] = [
    tx => findOriginOutput(tx, workspaceId, sha256),
    tx => lockTrashed(tx, { workspaceId, until, limit: 100 }),
    tx => hasMoreUnfinished(tx, workspaceId, 100),
  ]
  // Of its own it has a few.
  for (const lookUp of lookUps)
    expect([lookUp.toString(), (await countRowsRead(lookUp)) < 10]).toEqual([lookUp.toString(), true])
})

type User = 'alice' | 'bob'

/** Counts the rows of tables that are read in a transaction, where there are indexes for all that it looks up. */
async function countRowsRead(work: (tx: Transaction) => Promise<unknown>): Promise<number> {
  return await transaction(ingest.sql, async tx => {
    const read = async () => {
      const [row] = await tx<{ count: number }[]>`
        select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as count from pg_stat_xact_user_tables
        where relname in ('generations', 'generation_outputs', 'generation_jobs')`
      return row?.count ?? 0
    }
    // Tables of a few rows are read as a whole.
    await tx`set local enable_seqscan to off`
    const before = await read()
    await work(tx)
    return (await read()) - before
  })
}

/** Sends a request, for which its user must have been identified once. */
async function send(user: User, method: string, path: string, body?: unknown): Promise<Response> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  return await sendOnce(
    new Request(`http://localhost${path}`, { method, headers: { 'x-test': user, ...type }, ...json }),
  )
}

async function sendOnce(request: Request): Promise<Response> {
  identities.readCalls()
  const { method, url } = request
  const response = await ingest.send(request)
  expect(identities.readCalls()).toEqual({ [`${method} ${url}`]: 1 })
  return response
}

/** Sends a request, and returns its response with the statements that it took. */
async function record(user: User, method: string, path: string, body?: unknown) {
  const { result, statements } = await recorder.record(() => send(user, method, path, body))
  const text = await result.text()
  const parsed = text === '' ? null : JSON.parse(text)
  return { status: result.status, body: parsed, problem: { ...parsed, requestId: '' }, statements }
}

async function submit(user: User, body: unknown) {
  const response = await send(user, 'POST', '/api/generate', body)
  const text = await response.text()
  const generation = response.ok ? Generation.parse(JSON.parse(text)) : undefined
  return { status: response.status, generation }
}

async function recordUpload(user: User, bytes: Uint8Array<ArrayBuffer>) {
  const body = new FormData()
  body.append('file', new Blob([bytes]), 'a.png')
  const headers = { 'x-test': user }
  const request = new Request('http://localhost/api/references', { method: 'POST', headers, body })
  const { result, statements } = await recorder.record(() => sendOnce(request))
  const [reference] = References.parse(await result.json())
  if (!reference?.id) throw new Error('no reference was returned')
  return { reference: { ...reference, id: reference.id }, statements }
}

async function upload(user: User, bytes: Uint8Array<ArrayBuffer>) {
  return (await recordUpload(user, bytes)).reference
}

async function paint(background: string): Promise<Uint8Array<ArrayBuffer>> {
  const create = { width: 40, height: 30, channels: 3 as const, background }
  return new Uint8Array(await sharp({ create }).png().toBuffer())
}

/** Makes a generation of Alice, and deletes it or one of its outputs. @returns its id */
async function makeDeleted(suffix: string): Promise<string> {
  const outputs: OutputState[] = ['stored', 'stored']
  const id = await writeGeneration(ingest.sql, { workspaceId: alice.workspaceId, status: 'completed', outputs })
  const { status } = await send('alice', 'DELETE', `/api/generate/${id}${suffix}`)
  if (status >= 300) throw new Error(`DELETE responded ${status}`)
  return id
}
