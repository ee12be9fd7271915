import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { GenerationCount } from '@darkroom/contracts/history/library'
import { Timeline } from '@darkroom/contracts/history/timeline'
import { Usage } from '@darkroom/contracts/history/usage'
import { Models } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import { Parts, StudioReadiness } from '@darkroom/contracts/parts'
import { openBus } from '@darkroom/infra/bus/bus'
import { openDatabase } from '@darkroom/infra/database/connection'
import { relayAll } from '@darkroom/infra/database/outbox'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Store } from '@darkroom/infra/store/store'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import { openServiceDatabase } from '@darkroom/infra/testing/studio/service-roles'
import {
  createTestDatabase,
  createTestDirectory,
  startTestNats,
  type TestNats,
} from '@darkroom/infra/testing/test-resources'
import { createApp } from './app.ts'
import { createLiveEvents } from './events/live.ts'
import { createPartReader } from './parts.ts'
import { insertRow } from './rows.fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
const stopping = new AbortController()
const ALICE = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const BOB = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const CAROL = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const OWNER = { ...ALICE, userId: crypto.randomUUID(), admin: true }

let sql: ReturnType<typeof openDatabase>
let bus: Awaited<ReturnType<typeof openBus>>
let nats: TestNats
let store: Store
let base: string
let upstream: ReturnType<typeof startUpstream>
const upstreamRequests: string[] = []

beforeAll(async () => {
  const directory = stack.use(await createTestDirectory())
  const database = stack.use(await createTestDatabase())
  nats = stack.use(await startTestNats())
  sql = openDatabase({ url: database.url, name: 'test', log })
  const readOnly = await openServiceDatabase(database.url, 'query')
  stack.defer(async () => void (await Promise.all([sql, readOnly].map(db => db.end({ timeout: 1 })))))
  bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  await bus.ensureStreams()
  store = await openStore({ DATA_DIR: directory.path })
  const live = createLiveEvents({ database: readOnly, bus, log, maxStreams: 4, signal: stopping.signal })
  const running = live.run()
  stack.defer(async () => {
    stopping.abort()
    await running
  })
  const config = { PORT: 3000, PUBLIC_URL: 'http://localhost', BODY_MEMORY_MB: 64 }
  const identities = new Map(Object.entries({ bob: BOB, carol: CAROL, owner: OWNER }))
  const identify = async (request: Request) => identities.get(request.headers.get('x-test') ?? '') ?? ALICE
  const http = { config, log, metrics: createMetrics('test'), checks: {}, identify, stopping: stopping.signal }
  upstream = startUpstream()
  stack.defer(() => upstream.stop(true))
  const app = createApp({
    http,
    database: readOnly,
    budgetMicros: 5_000_000,
    trashDays: 7,
    store,
    liveEvents: live,
    ui: new Map(),
    allowOrigins: [upstream.url.origin],
    parts: createPartReader({ ingest: undefined, processor: 'http://127.0.0.1:9' }),
  }).listen({
    port: 0,
    hostname: '127.0.0.1',
  })
  stack.defer(async () => void (await app.stop(true)))
  base = `http://127.0.0.1:${app.server?.port}`
  // The first start of Postgres is slow on a busy machine.
}, 60_000)
afterAll(() => stack.disposeAsync())

test('reports the services that are away, uncached, and the readiness of the studio', async () => {
  const response = await get('/api/parts')
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(Parts.parse(await response.json())).toEqual({ ingest: 'ok', processor: 'away' })
  const readiness = await get('/api/readyz')
  expect(readiness.status).toBe(200)
  expect(StudioReadiness.parse(await readiness.json())).toEqual({
    ready: false,
    parts: { ingest: 'ok', processor: 'away', query: 'ok' },
    checks: {},
  })
})

test('returns every row once in both directions, even when many share a microsecond', async () => {
  const ids = await Promise.all(
    Array.from({ length: 23 }, (_, index) => insert(ALICE.workspaceId, Math.floor(index / 6))),
  )
  const older: string[] = []
  let cursor: string | null = null
  do {
    const page: GenerationPage = await list(`limit=4${cursor ? `&cursor=${cursor}` : ''}`)
    older.push(...page.generations.map(generation => generation.id))
    cursor = page.nextCursor
  } while (cursor)
  expect(older.toSorted()).toEqual(ids.toSorted())
  const newer: string[] = []
  const last = await list('limit=100')
  let back: string | null = (await list('limit=1')).nextCursor && (await getOldestCursor())
  while (back) {
    const page: GenerationPage = await list(`limit=4&direction=newer&cursor=${back}`)
    newer.unshift(...page.generations.map(generation => generation.id))
    back = page.previousCursor
  }
  expect(newer).toEqual(older.slice(0, -1))
  expect(last.generations.map(generation => generation.id)).toEqual(older)
})

test('rejects invalid parameters', async () => {
  for (const query of [
    'limit=0',
    'limit=-1',
    'limit=1e9',
    'limit=abc',
    'cursor=abc',
    'direction=up',
    'other=1',
    'limit=1&limit=2',
    'around=x',
    'at=yesterday',
    'at=2026-02-31',
    'at=0000-01-01',
    'at=2026-01-01T00:00:00',
    `around=${crypto.randomUUID()}&at=2026-01-01`,
    'status=lost',
    'status=failed,',
    'kind=sound',
    'model=a,',
    'from=yesterday',
    'from=2026-02-31',
    'to=0000-01-01',
    'to=2026-01-01T00:00:00',
    'zone=Nowhere/Land&from=2026-01-01',
    'zone=',
    'parent=x',
    'ids=x',
    'q=a&q=b',
    'favourite=yes',
    'trash=',
    'q=%00',
    `q=${'a'.repeat(501)}`,
  ]) {
    expect([query, (await get(`/api/generations?${query}`)).status]).toEqual([query, 422])
  }
  expect((await get('/api/usage?by=colour')).status).toBe(422)
  expect((await get('/api/generations/not-a-uuid')).status).toBe(422)
  expect((await get('/nothing/here')).status).toBe(404)
})

test('takes several names with commas between, and a search with commas as it is', async () => {
  expect((await get('/api/generations?status=failed,completed&model=a,b')).status).toBe(200)
  const bob = { 'x-test': 'bob' }
  await insertRow(sql, BOB.workspaceId, { prompt: 'a fox, in the snow', outputs: ['stored'] })
  for (const q of ['fox, snow', 'fox%2Csnow', '%5Bfox%5D', '%7B"fox":1%7D'])
    expect([q, (await get(`/api/generations?q=${q}`, bob)).status]).toEqual([q, 200])
  const count = await get('/api/generations/count?q=fox,%20snow&status=completed,failed', bob)
  expect(GenerationCount.parse(await count.json())).toEqual({ generations: 1, outputs: 1 })
  const trash = await get('/api/generations/count?trash=true&q=fox', bob)
  expect(GenerationCount.parse(await trash.json())).toEqual({ generations: 0, outputs: 0, trashDays: 7 })
  const timeline = await get('/api/generations/timeline?q=fox,%20snow&zone=Asia/Tokyo', bob)
  expect(Timeline.parse(await timeline.json()).days.map(day => day.count)).toEqual([1])
  for (const by of ['model', 'model,connection', 'day%2Cmodel%2Cconnection']) {
    const response = await get(`/api/usage?by=${by}`)
    expect([by, response.status]).toEqual([by, 200])
    expect(Usage.parse(await response.json()).by).toHaveLength(by.split(/,|%2C/).length)
  }
})

test('counts days in the requested time zone', async () => {
  const carol = CAROL.workspaceId
  const days = ['2026-03-01T23:30:00Z', '2026-03-01T12:00:00Z', '2026-02-27T00:10:00Z', '2025-12-31T23:59:59.999999Z']
  for (const createdAt of days) await insertRow(sql, carol, { createdAt })
  await insertRow(sql, carol, { createdAt: '2026-03-01T12:00:00Z', deleted: true })
  const countDays = async (query: string) =>
    Timeline.parse(await (await get(`/api/generations/timeline${query}`, { 'x-test': 'carol' })).json()).days
  expect(await countDays('')).toEqual([
    { day: '2026-03-01', count: 2 },
    { day: '2026-02-27', count: 1 },
    { day: '2025-12-31', count: 1 },
  ])
  expect(await countDays('?zone=Europe/Berlin')).toEqual([
    { day: '2026-03-02', count: 1 },
    { day: '2026-03-01', count: 1 },
    { day: '2026-02-27', count: 1 },
    { day: '2026-01-01', count: 1 },
  ])
  for (const zone of ['Nowhere/Land', "UTC'--", '', '%00']) {
    expect([zone, (await get(`/api/generations/timeline?zone=${zone}`)).status]).toEqual([zone, 422])
  }
})

test('responds 304 to an unchanged list, and 200 to a changed one', async () => {
  const carol = { 'x-test': 'carol' }
  const id = await insertRow(sql, CAROL.workspaceId)
  const etag = (await get('/api/generations', carol)).headers.get('etag') ?? ''
  expect((await get('/api/generations', { ...carol, 'if-none-match': etag })).status).toBe(304)
  await bumpVersion(sql, { ...CAROL, id })
  expect((await get('/api/generations', { ...carol, 'if-none-match': etag })).status).toBe(200)
})

test('returns raw parameters to administrators only, and only on request', async () => {
  const [withRaw, withoutRaw] = [await insert(ALICE.workspaceId, 0), await insert(ALICE.workspaceId, 1)]
  const foreign = await insert(BOB.workspaceId, 0)
  const raw = { numOutputs: 1, referenceImage: 'data:image/png;base64,AAAA', internal: { note: 'secret' } }
  for (const id of [withRaw, foreign]) {
    await sql`update generations set parameters = '{"numOutputs": 1}' where id = ${id}`
    await sql`insert into generation_raw (generation_id, parameters) values (${id}, ${sql.json(raw)})`
  }
  const seen = async (query: string, headers: Record<string, string> = {}) => {
    const page = GenerationPage.parse(await (await get(`/api/generations?limit=100&${query}`, headers)).json())
    return Object.fromEntries(page.generations.map(({ id, parameters }) => [id, parameters as object]))
  }
  const owner = { 'x-test': 'owner' }
  expect(await seen('includeParameters=true', owner)).toMatchObject({ [withRaw]: raw, [withoutRaw]: {} })
  expect(await seen('includeParameters=true', owner)).not.toHaveProperty(foreign)
  for (const parameters of [await seen('', owner), await seen('includeParameters=false', owner), await seen('')]) {
    expect(parameters[withRaw]).toEqual({ numOutputs: 1 })
  }
  const refused = await get('/api/generations?includeParameters=true')
  expect([refused.status, await refused.text()]).toEqual([403, expect.not.stringContaining('secret')])
  expect((await get('/api/generations?includeParameters=yes', owner)).status).toBe(422)
})

test('lists models with their learned durations and their connection', async () => {
  await sql`insert into models (id, provider, position, capability) values ('m', 'p', 0, ${sql.json({ ...MODEL })})`
  await sql`insert into model_timings values ('m', 4, 5, 8.26), ('m', 1, 4, 2)`
  const models = Models.parse(await (await get('/api/models')).json())
  expect(models.map(model => model.learnedSeconds)).toEqual([{ 4: 8.3 }])
  expect(models[0]).not.toHaveProperty('connectionName')
  await sql`insert into connections (id, kind, name, source, state) values ('p', 'openai', 'Studio', 'stored', ${sql.json({ kind: 'no-credit' })})`
  const named = Models.parse(await (await get('/api/models')).json())
  expect(named).toMatchObject([{ connectionName: 'Studio', connectionState: 'no-credit' }])
})

test('serves media whole and in ranges, to their own workspace only', async () => {
  const key = `w/${ALICE.workspaceId}/gen/x/1/0.png`
  await store.put(key, new TextEncoder().encode('0123456789'), { signal: AbortSignal.timeout(5_000) })
  const whole = await get(`/media/${key}`)
  expect(await whole.text()).toBe('0123456789')
  expect(whole.headers.get('content-type')).toBe('image/png')
  expect(whole.headers.get('x-content-type-options')).toBe('nosniff')
  expect(whole.headers.get('content-security-policy')).toContain('sandbox')
  const etag = whole.headers.get('etag') ?? ''
  expect((await get(`/media/${key}`, { 'if-none-match': etag })).status).toBe(304)
  const ranges: [string, number, string][] = [
    ['bytes=2-4', 206, '234'],
    ['bytes=7-', 206, '789'],
    ['bytes=-2', 206, '89'],
    ['bytes=0-99', 206, '0123456789'],
    ['bytes=x', 200, '0123456789'],
    ['bytes=1-2,4-5', 200, '0123456789'],
  ]
  for (const [range, status, text] of ranges) {
    const response = await get(`/media/${key}`, { range })
    expect([range, response.status, await response.text()]).toEqual([range, status, text])
  }
  expect((await get(`/media/${key}`, { range: 'bytes=10-' })).status).toBe(416)
  for (const range of ['bytes=2-4', 'bytes=10-']) {
    const response = await get(`/media/${key}`, { range, 'if-range': '"another-etag"' })
    expect([range, response.status, await response.text()]).toEqual([range, 200, '0123456789'])
  }
  // Bun serves ranges of a file response by itself: every header that it parses as a range must be parsed here.
  for (const headers of [{ range: 'bytes=10-', 'if-range': '' }, { range: 'Bytes=10-' }, { range: 'bytes = 10 -' }]) {
    const response = await get(`/media/${key}`, headers)
    expect([headers, response.status, response.headers.get('content-type')]).toEqual([
      headers,
      416,
      'application/problem+json',
    ])
  }
  const head = await fetch(`${base}/media/${key}`, { method: 'HEAD', headers: { host: 'localhost' } })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '10'])
  for (const path of [
    key.replace('png', 'webp'),
    key.replace('.png', ''),
    `w/${ALICE.workspaceId}/../../x.png`,
    `${key}%00.png`,
    '..%2f..%2fetc%2fpasswd',
  ]) {
    expect([path, (await get(`/media/${path}`)).status]).toEqual([path, 404])
  }
  expect((await get(`/media/${key}`, { 'x-test': 'bob' })).status).toBe(404)
})

test('proxies a temporary output with its declared media type, and rejects other types', async () => {
  const id = await insert(ALICE.workspaceId, 0)
  const show = async (path: string, headers?: Record<string, string>, isFromCall = true) => {
    const { href } = new URL(path, upstream.url)
    await sql`update generation_outputs set state = 'temporary', provider_url = ${href}, from_call = ${isFromCall} where generation_id = ${id}`
    return await get(`/media/remote/${id}/0`, headers)
  }
  const shown = await show('/good.png')
  expect([shown.status, shown.headers.get('content-type'), await shown.text()]).toEqual([200, 'image/png', 'a picture'])
  expect(shown.headers.get('content-security-policy')).toContain('sandbox')
  const requestCount = upstreamRequests.length
  for (const response of [await show('/page.html'), await show('/good.png', undefined, false)])
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'fetch_refused' }])
  expect(upstreamRequests).toHaveLength(requestCount + 1)
  expect((await show('/gone.png')).status).toBe(404)
  expect((await show('/good.png', { 'x-test': 'bob' })).status).toBe(404)
  expect((await get(`/media/remote/${id}/7`)).status).toBe(404)
  await sql`update generation_outputs set state = 'stored', key = 'w/x.png' where generation_id = ${id}`
  const moved = await fetch(`${base}/media/remote/${id}/0`, { redirect: 'manual', headers: { host: 'localhost' } })
  expect([moved.status, moved.headers.get('location')]).toEqual([307, '/media/w/x.png'])
})

test('never fetches the reference URL of an old row from a private address', async () => {
  const id = await insert(ALICE.workspaceId, 0)
  const requestCount = upstreamRequests.length
  await sql`insert into generation_references (generation_id, position, url) values (${id}, 0, ${`${upstream.url.origin}/good.png`})`
  const response = await get(`/media/remote/${id}/ref/0`)
  expect(response.status).toBe(403)
  expect(await response.text()).toMatch(/cannot be fetched|not on the public internet/)
  expect(upstreamRequests).toHaveLength(requestCount)
})

test('sends changes to clients of the workspace, and replays them after a reconnect', async () => {
  const id = await insert(ALICE.workspaceId, 0)
  const client = await openEvents()
  const otherClient = await openEvents({ 'x-test': 'bob' })
  await client.until(event => event.id !== undefined)
  await changeGeneration(id)
  const seen = await client.until(event => event.name === 'generation')
  expect(Generation.parse(JSON.parse(seen.data)).id).toBe(id)
  client.close()
  await changeGeneration(id)
  await changeGeneration(id)
  const back = await openEvents({ 'last-event-id': seen.id ?? '' })
  const caughtUp = await back.until(event => event.name === 'generation')
  expect(Generation.parse(JSON.parse(caughtUp.data)).version).toBe(4)
  const lost = await openEvents({ 'last-event-id': '99.1' })
  expect((await lost.until(event => event.name !== undefined)).name).toBe('resync')
  expect(otherClient.seen.filter(event => event.name === 'generation')).toEqual([])
  for (const open of [otherClient, back, lost]) open.close()
})

test('resumes after a restart of the bus without a resync', async () => {
  const id = await insert(ALICE.workspaceId, 0)
  const client = await openEvents()
  await client.until(event => event.id !== undefined)
  await nats.kill()
  await bumpVersion(sql, { ...ALICE, id })
  await nats.start()
  await waitUntilConnected()
  await relayAll({ database: sql, bus })
  const seen = await client.until(event => event.name === 'generation')
  expect(Generation.parse(JSON.parse(seen.data)).version).toBe(2)
  expect(client.seen.filter(event => event.name === 'resync')).toEqual([])
  client.close()
}, 20_000)

test('limits the open streams of a workspace', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, () => openEvents()))
  expect((await get('/api/events')).status).toBe(429)
  for (const client of clients) client.close()
})

const MODEL = toModel(
  createTestModel({
    id: 'm',
    name: 'M',
    connection: 'p',
    sizes: { kind: 'list', sizes: [{ width: 512, height: 512 }], auto: false },
    maxOutputs: 4,
    promptCharacters: 100,
  }),
)

/** Starts a provider's server on a private address. */
function startUpstream() {
  const responses: Record<string, () => Response> = {
    '/good.png': () => new Response('a picture', { headers: { 'content-type': 'image/png' } }),
    '/page.html': () => new Response('<script>', { headers: { 'content-type': 'text/html' } }),
  }
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: request => {
      const { pathname } = new URL(request.url)
      upstreamRequests.push(pathname)
      return responses[pathname]?.() ?? new Response(null, { status: 404 })
    },
  })
}

interface SseEvent {
  name: string | undefined
  id: string | undefined
  data: string
}

async function openEvents(headers: Record<string, string> = {}) {
  const abort = new AbortController()
  const response = await fetch(`${base}/api/events`, {
    headers: { host: 'localhost', ...headers },
    signal: abort.signal,
  })
  if (!response.body) throw new Error(`no stream: ${response.status}`)
  const seen: SseEvent[] = []
  const wakers = new Set<() => void>()
  const read = async () => {
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop() ?? ''
      seen.push(...blocks.map(parseEvent))
      for (const wake of wakers) wake()
    }
  }
  void read().catch(() => {})
  const until = async (matches: (event: SseEvent) => boolean): Promise<SseEvent> => {
    const deadline = AbortSignal.timeout(8_000)
    for (;;) {
      const found = seen.find(matches)
      if (found) return found
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      wakers.add(resolve)
      deadline.addEventListener('abort', () =>
        reject(new Error(`event not received; received ${JSON.stringify(seen)}`)),
      )
      await promise.finally(() => wakers.delete(resolve))
    }
  }
  return { seen, until, close: () => abort.abort() }
}

function parseEvent(block: string): SseEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  return { name: field('event'), id: field('id'), data: field('data') ?? '' }
}

async function changeGeneration(id: string): Promise<void> {
  await bumpVersion(sql, { ...ALICE, id })
  await relayAll({ database: sql, bus })
}

async function waitUntilConnected(): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  while (!bus.isConnected()) {
    deadline.throwIfAborted()
    await Bun.sleep(10)
  }
}

async function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${base}${path}`, { headers: { host: 'localhost', ...headers } })
}

async function list(query: string): Promise<GenerationPage> {
  return GenerationPage.parse(await (await get(`/api/generations?${query}`)).json())
}

/** Returns the cursor of the oldest row. */
async function getOldestCursor(): Promise<string | null> {
  let page = await list('limit=1')
  let cursor: string | null = null
  while (page.nextCursor) {
    page = await list(`limit=1&cursor=${page.nextCursor}`)
    cursor = page.previousCursor
  }
  return cursor
}

async function insert(workspaceId: string, microseconds: number): Promise<string> {
  const id = Bun.randomUUIDv7()
  await sql`
    with inserted as (
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, num_outputs, created_at)
      values (${id}, ${workspaceId}, ${ALICE.userId}, ${id}, '', 'image', 'demo', 'demo', 'a prompt', 1,
              '2026-01-01T00:00:00Z'::timestamptz + make_interval(secs => ${microseconds / 1e6}))
    ), job as (insert into generation_jobs (workspace_id, generation_id) values (${workspaceId}, ${id}))
    insert into generation_outputs (workspace_id, generation_id, index, kind) values (${workspaceId}, ${id}, 0, 'image')`
  return id
}
