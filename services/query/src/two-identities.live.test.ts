import { afterAll, beforeAll, expect, test } from 'bun:test'
import { GenerationPage } from '@darkroom/contracts/generation'
import { publishConnectionChange, publishModelsChange } from '@darkroom/infra/connections/connection-changes'
import { relayAll } from '@darkroom/infra/database/outbox'
import { transaction } from '@darkroom/infra/database/transaction'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { purgeLocked } from '@darkroom/infra/generations/purge'
import { createTwoIdentities } from '@darkroom/infra/testing/two-identities/identities'
import { listRoutes } from '@darkroom/infra/testing/two-identities/route-list'
import { createStatementRecorder, type StatementRecorder } from '@darkroom/infra/testing/two-identities/statements'
import { openTestQuery, type TestQuery } from './app.fixture.ts'
import { openSseClient } from './events/sse.fixture.ts'
import { insertRow } from './rows.fixture.ts'

/** Every route of query, with two users: what is Alice's does not exist for Bob, whatever he asks for and by whatever he knows. */

const WAIT_MS = 60_000
const stack = new AsyncDisposableStack()
const identities = createTwoIdentities()
const { alice, bob } = identities
const [SHOWN, CHILD, TRASHED, REFERENCE, NOTHING] = Array.from({ length: 5 }, () => Bun.randomUUIDv7()) as [
  string,
  string,
  string,
  string,
  string,
]
const SHA256 = 'ab'.repeat(32)
const OUTPUT_KEY = `w/${alice.workspaceId}/gen/${SHOWN}/1/0.png`
const REFERENCE_KEY = `w/${alice.workspaceId}/ref/${SHA256}.png`
let query: TestQuery
let recorder: StatementRecorder

beforeAll(async () => {
  const upstream = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response('an image', { headers: { 'content-type': 'image/png' } }),
  })
  stack.defer(() => upstream.stop(true))
  query = stack.use(await openTestQuery({ identify: identities.identify, allowOrigins: [upstream.url.origin] }))
  recorder = createStatementRecorder(query.database)
  for (const prompt of ['a harbour', 'a valley'])
    await insertRow(query.sql, bob.workspaceId, { prompt, outputs: ['stored'] })
  bobAlone = await readAbsent()
  await insertThings(upstream.url.origin)
})
afterAll(() => stack.disposeAsync())

/** Requests for one thing of Alice: `of` puts in an id, or a key, that she has or that nobody has. */
interface ThingRequest {
  method?: string
  path: string
  /** The same for something that does not exist. */
  unknown: string
  body?: (id: string) => unknown
}

const byId = (path: (id: string) => string, method = 'GET'): ThingRequest => ({
  method,
  path: path(SHOWN),
  unknown: path(NOTHING),
})
const byKey = (key: string, method = 'GET'): ThingRequest => ({
  method,
  path: `/media/${key}`,
  unknown: `/media/${key.replace(/(gen|ref)\/./, '$1/f')}`,
})

/** Routes of one thing, which is not found. */
const THING_ROUTES: Record<string, ThingRequest[]> = {
  'GET /api/generations/:id': [byId(id => `/api/generations/${id}`)],
  'GET /api/download': [
    byId(id => `/api/download?ids=${id}`),
    byId(id => `/api/download?ids=${id}.0`),
    byId(id => `/api/download?ids=${id}&metadata=none`),
  ],
  'HEAD /api/download': [byId(id => `/api/download?ids=${id}`, 'HEAD')],
  'POST /api/download': [{ ...byId(() => '/api/download', 'POST'), body: id => ({ ids: [id] }) }],
  'GET /api/download/:id/:index': [
    byId(id => `/api/download/${id}/0`),
    byId(id => `/api/download/${id}/1`),
    byId(id => `/api/download/${id}/0?metadata=none`),
  ],
  'HEAD /api/download/:id/:index': [byId(id => `/api/download/${id}/0`, 'HEAD')],
  'GET /media/remote/:id/:index': [byId(id => `/media/remote/${id}/1`)],
  'HEAD /media/remote/:id/:index': [byId(id => `/media/remote/${id}/1`, 'HEAD')],
  'GET /media/remote/:id/ref/:index': [byId(id => `/media/remote/${id}/ref/0`)],
  'HEAD /media/remote/:id/ref/:index': [byId(id => `/media/remote/${id}/ref/0`, 'HEAD')],
  'GET /media/*': [
    byKey(OUTPUT_KEY),
    byKey(OUTPUT_KEY, 'HEAD'),
    byKey(OUTPUT_KEY.replace('.png', '.w960.webp')),
    byKey(REFERENCE_KEY),
    // Not stored: for Alice it is the original.
    byKey(REFERENCE_KEY.replace('.png', '.w960.webp')),
    byKey(REFERENCE_KEY.replace('.png', '.w960.webp'), 'HEAD'),
  ],
}

/** Filters that each name something of Alice. */
const FILTERS = [
  '',
  `ids=${SHOWN},${CHILD}`,
  `parent=${SHOWN}`,
  'q=lighthouse',
  'q="a lighthouse"',
  'q=l',
  'q=a',
  'model=hers,demo',
  'status=completed',
  'kind=video',
  'favourite=true',
  'references=true',
  'trash=true',
  'trash=true&q=lighthouse',
  'from=2000-01-01&to=2100-01-01',
  `ids=${TRASHED}&trash=true`,
]

/** Routes whose responses to Bob are the same whether Alice has anything or not. */
const ABSENT_ROUTES: Record<string, string[]> = {
  'GET /api/generations': [
    ...FILTERS.map(filter => `/api/generations?${filter}`),
    '/api/generations?at=2100-01-01',
    '/api/generations?limit=1',
    '/api/generations?direction=newer',
    `/api/generations?around=${SHOWN}`,
    '/api/generations?includeParameters=true',
  ],
  'GET /api/generations/count': FILTERS.map(filter => `/api/generations/count?${filter}`),
  'GET /api/generations/timeline': FILTERS.map(filter => `/api/generations/timeline?${filter}`),
  'GET /api/usage': ['/api/usage?by=day,model,connection', '/api/usage?by=model'],
  'GET /api/models': ['/api/models'],
  'GET /api/parts': ['/api/parts'],
  'GET /openapi.json': ['/openapi.json'],
  'GET /api/readyz': ['/api/readyz'],
  'GET /*': ['/', `/w/${alice.workspaceId}/gen/${SHOWN}/1/0.png`],
}
let bobAlone: Record<string, string>

test('every route has a case', () => {
  const cases = [...Object.keys(THING_ROUTES), ...Object.keys(ABSENT_ROUTES), 'GET /api/events', 'HEAD /api/events']
  expect(cases.toSorted()).toEqual(listRoutes(query))
})

test.each(Object.entries(THING_ROUTES))(
  '%s: what is of another is not found, by the same statements as what nobody has',
  async (_, things) => {
    for (const { method = 'GET', path, unknown, body } of things) {
      const [foreign, none] = [
        await record(method, path, body?.(SHOWN)),
        await record(method, unknown, body?.(NOTHING)),
      ]
      expect([path, method, foreign.status]).toEqual([path, method, 404])
      expect([foreign.text, foreign.statements, foreign.headers]).toEqual([none.text, none.statements, none.headers])
      const own = await send('alice', method, path, body?.(SHOWN))
      const tag = own.headers.get('etag')
      await own.body?.cancel()
      expect([path, own.status === 404]).toEqual([path, false])
      for (const headers of [{ 'if-none-match': tag ?? '*' }, { range: 'bytes=0-1' }, { range: 'bytes=99-' }]) {
        const response = await send('bob', method, path, body?.(SHOWN), headers)
        expect([path, headers, response.status]).toEqual([path, headers, 404])
      }
    }
  },
)

test('lists, counts, timelines and sums are the same byte for byte whether another has anything or not', async () => {
  expect(await readAbsent()).toEqual(bobAlone)
  for (const path of Object.values(ABSENT_ROUTES)
    .flat()
    .filter(path => path.startsWith('/api/generations'))) {
    const own = await send('alice', 'GET', path)
    const [tag, text] = [own.headers.get('etag'), await own.text()]
    expect([path, own.status, /^\{"days":\[\]|"generations":(\[\]|0)/.test(text)]).toEqual([path, 200, false])
    const response = await send('bob', 'GET', path, undefined, { 'if-none-match': tag ?? '' })
    // Two counts may be equal: then so are their tags.
    expect([path, response.status === 304]).toEqual([path, bobAlone[path]?.endsWith(` ${text}`) ?? false])
  }
})

test('a cursor of another is a place in time, and opens nothing', async () => {
  const page = GenerationPage.parse(await (await send('alice', 'GET', '/api/generations?limit=1')).json())
  for (const direction of ['older', 'newer']) {
    const response = await send('bob', 'GET', `/api/generations?cursor=${page.nextCursor}&direction=${direction}`)
    const ids = GenerationPage.parse(await response.json()).generations.map(({ id }) => id)
    expect(ids.filter(id => [SHOWN, CHILD, TRASHED].includes(id))).toEqual([])
  }
})

test('a download with one generation of another has none of those that are its own', async () => {
  const [mine] = GenerationPage.parse(await (await send('bob', 'GET', '/api/generations')).json()).generations
  for (const ids of [
    [mine?.id, SHOWN],
    [SHOWN, mine?.id],
    [mine?.id, `${SHOWN}.0`],
  ]) {
    const response = await send('bob', 'POST', '/api/download', { ids })
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  }
})

test('no path of a workspace leads into another', async () => {
  const [mine, hers] = [`w/${bob.workspaceId}`, OUTPUT_KEY]
  for (const path of [
    `${mine}/../../${hers}`,
    `${mine}/..%2f..%2f${hers}`,
    `${mine}/%2e%2e/%2e%2e/${hers}`,
    `${mine}/../${alice.workspaceId}/gen/${SHOWN}/1/0.png`,
    `${mine}\\..\\..\\${hers}`,
    hers.replace('w/', 'W/'),
    hers.toUpperCase(),
    `/${hers}`,
    `./${hers}`,
    `w//${alice.workspaceId}/gen/${SHOWN}/1/0.png`,
    `${mine}/ref/${SHA256}.png`,
    `${mine}/ref/${SHA256}.w960.webp`,
    `${mine}/gen/${SHOWN}/1/0.png`,
  ]) {
    expect([path, (await send('bob', 'GET', `/media/${path}`)).status]).toEqual([path, 404])
  }
})

test('events of another are neither sent nor replayed, and administrators alone learn of connections', async () => {
  const watch = (user: User, lastEventId?: string) =>
    openSseClient(query.port, { lastEventId, headers: { host: 'localhost', 'x-test': user } })
  const [mine, purged] = [await insertRow(query.sql, bob.workspaceId), await insertRow(query.sql, alice.workspaceId)]
  identities.readCalls()
  const [hers, his] = [await watch('alice'), await watch('bob')]
  await Promise.all([hers, his].map(client => client.waitUntil(() => client.lastEventId !== '')))
  expect(Object.values(identities.readCalls())).toEqual([2])
  // One, if it was opened before the bus was reached.
  const { resyncs } = his
  const start = hers.lastEventId
  await change(mine)
  await his.waitUntil(() => his.versions.has(mine))
  await transaction(query.sql, async tx => {
    await bumpVersion(tx, { id: SHOWN, workspaceId: alice.workspaceId })
    await purgeLocked(tx, [{ id: purged, workspaceId: alice.workspaceId }])
    await publishConnectionChange(tx, 'openai')
    await publishModelsChange(tx, 'openai')
  })
  await change(mine)
  await hers.waitUntil(() => hers.versions.has(SHOWN) && hers.removed.includes(purged) && hers.notices.length === 2)
  await his.waitUntil(() => his.versions.get(mine) === 3 && his.notices.includes('models'))
  expect([hers.notices.toSorted(), [...hers.versions.keys()]]).toEqual([['connection', 'models'], [SHOWN]])
  // From the beginning, from a position that another client was told, and from one that nobody was told.
  for (const [position, isKnown] of [
    [start, true],
    [hers.lastEventId, true],
    ['99.1', false],
    ['x', false],
  ] as const) {
    const [backHers, back] = await Promise.all([watch('alice', position), watch('bob', position)])
    const isCurrent = () => back.resyncs > 0 || back.versions.has(mine) || position === hers.lastEventId
    await back.waitUntil(isCurrent)
    await change(mine)
    await back.waitUntil(() => back.versions.has(mine))
    expect([back.resyncs > 0, [...back.versions.keys()], back.removed]).toEqual([!isKnown, [mine], []])
    backHers.close()
    back.close()
  }
  expect([[...his.versions.keys()], his.removed, his.notices, his.resyncs]).toEqual([[mine], [], ['models'], resyncs])
  hers.close()
  his.close()
})

type User = 'alice' | 'bob'

/** Sends a request, for which its user must have been identified once. */
async function send(user: User, method: string, path: string, body?: unknown, extra: Record<string, string> = {}) {
  identities.readCalls()
  const json = body === undefined ? {} : { body: JSON.stringify(body) }
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const headers = { host: 'localhost', 'x-test': user, ...type, ...extra }
  const response = await fetch(`http://127.0.0.1:${query.port}${path}`, {
    method,
    headers,
    redirect: 'manual',
    ...json,
  })
  expect([path, ...Object.values(identities.readCalls())]).toEqual([path, 1])
  return response
}

/** Sends a request of Bob, and returns its response with the statements that it took. */
async function record(method: string, path: string, body?: unknown) {
  const { result, statements } = await recorder.record(() => send('bob', method, path, body))
  const headers = [...result.headers].filter(([name]) => !['x-request-id', 'date', 'content-length'].includes(name))
  const text = (await result.text()).replace(/"requestId":"[^"]*"/, '')
  return { status: result.status, text, headers, statements }
}

/** Reads what Bob gets of every list, with its ETag. */
async function readAbsent(): Promise<Record<string, string>> {
  const texts: Record<string, string> = {}
  for (const path of Object.values(ABSENT_ROUTES).flat()) {
    const { status, text, headers } = await record('GET', path)
    texts[path] = `${status} ${JSON.stringify(headers)} ${text}`
  }
  return texts
}

/** Changes a generation of Bob, and publishes all changes so far. */
async function change(id: string): Promise<void> {
  await bumpVersion(query.sql, { id, workspaceId: bob.workspaceId })
  await relayAll({ database: query.sql, bus: query.bus })
}

/** Writes what is Alice's: generations, their objects, a reference and what they have cost. */
async function insertThings(upstream: string): Promise<void> {
  const { sql, store } = query
  const { workspaceId } = alice
  const prompt = 'a lighthouse'
  await insertRow(sql, workspaceId, {
    id: SHOWN,
    prompt,
    outputs: ['stored', 'temporary'],
    reference: `${upstream}/reference.png`,
    favourite: true,
    model: 'hers',
  })
  await sql`update generation_outputs set provider_url = ${`${upstream}/1.png`}, from_call = true where generation_id = ${SHOWN} and index = 1`
  await sql`insert into generation_raw (generation_id, parameters) values (${SHOWN}, '{"sampler":"hers"}')`
  await insertRow(sql, workspaceId, { id: CHILD, prompt, kind: 'video', parent: { id: SHOWN, verb: 'animate' } })
  await insertRow(sql, workspaceId, { id: TRASHED, prompt, deleted: true })
  await sql`
    insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
    values (${REFERENCE}, ${workspaceId}, decode(${SHA256}, 'hex'), ${REFERENCE_KEY}, 'image/png', 8, 1, 1)`
  // What is spent of a budget is everybody's spending, and shown to an administrator alone.
  await query.sql`insert into connections (id, kind, name, source, budget_micros) values ('hers', 'openai', 'hers', 'stored', 9)`
  await sql`
    insert into call_costs (generation_id, call, attempt, workspace_id, connection, model, kind, count, reported_micros, outcome)
    values (${SHOWN}, 0, 1, ${workspaceId}, 'openai', 'hers', 'image', 1, 40000, 'finished')`
  const signal = AbortSignal.timeout(WAIT_MS)
  for (const key of [OUTPUT_KEY, OUTPUT_KEY.replace('.png', '.w960.webp'), REFERENCE_KEY])
    await store.put(key, new TextEncoder().encode('an image'), { signal })
}
