import { afterAll, beforeAll, expect, test } from 'bun:test'
import { GenerationPage } from '@darkroom/contracts/generation'
import { GenerationCount } from '@darkroom/contracts/history/library'
import { Timeline } from '@darkroom/contracts/history/timeline'
import { Usage } from '@darkroom/contracts/history/usage'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { openTestQuery, type TestQuery } from '../app.fixture.ts'
import { insertRow } from '../rows.fixture.ts'

const stack = new AsyncDisposableStack()
const ALICE = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const BOB = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const CAROL = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const USERS = new Map(
  Object.entries({ bob: BOB, carol: CAROL, owner: { ...ALICE, userId: crypto.randomUUID(), admin: true } }),
)
let query: TestQuery

beforeAll(async () => {
  query = stack.use(
    await openTestQuery({ identify: async request => USERS.get(request.headers.get('x-test') ?? '') ?? ALICE }),
  )
})
afterAll(() => stack.disposeAsync())

test('returns every row once in both directions, even when many share a microsecond', async () => {
  const ids = await Promise.all(
    Array.from({ length: 23 }, (_, index) =>
      insertRow(query.sql, ALICE.workspaceId, { createdAt: `2026-01-01T00:00:00.00000${Math.floor(index / 6)}Z` }),
    ),
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
  for (const parameters of [
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
    'status=',
    'status=failed,',
    'kind=sound',
    'model=a,',
    'kind=image&direction=older&direction=newer',
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
    expect([parameters, (await query.get(`/api/generations?${parameters}`)).status]).toEqual([parameters, 422])
  }
  expect((await query.get('/api/usage?by=colour')).status).toBe(422)
  expect((await query.get('/api/generations/not-a-uuid')).status).toBe(422)
  expect((await query.get('/nothing/here')).status).toBe(404)
})

test('takes several names with commas between, and a search with commas as it is', async () => {
  expect((await query.get('/api/generations?status=failed,completed&model=a,b')).status).toBe(200)
  const bob = { 'x-test': 'bob' }
  await insertRow(query.sql, BOB.workspaceId, { prompt: 'a fox, in the snow', outputs: ['stored'] })
  for (const q of ['fox, snow', 'fox%2Csnow', '%5Bfox%5D', '%7B"fox":1%7D'])
    expect([q, (await query.get(`/api/generations?q=${q}`, bob)).status]).toEqual([q, 200])
  const count = await query.get('/api/generations/count?q=fox,%20snow&status=completed,failed', bob)
  expect(GenerationCount.parse(await count.json())).toEqual({ generations: 1, outputs: 1 })
  const trash = await query.get('/api/generations/count?trash=true&q=fox', bob)
  expect(GenerationCount.parse(await trash.json())).toEqual({ generations: 0, outputs: 0, trashDays: 7 })
  const timeline = await query.get('/api/generations/timeline?q=fox,%20snow&zone=Asia/Tokyo', bob)
  expect(Timeline.parse(await timeline.json()).days.map(day => day.count)).toEqual([1])
  for (const by of ['model', 'model,connection', 'day%2Cmodel%2Cconnection']) {
    const response = await query.get(`/api/usage?by=${by}`)
    expect([by, response.status]).toEqual([by, 200])
    expect(Usage.parse(await response.json()).by).toHaveLength(by.split(/,|%2C/).length)
  }
})

test('counts days in the requested time zone', async () => {
  const carol = CAROL.workspaceId
  const days = ['2026-03-01T23:30:00Z', '2026-03-01T12:00:00Z', '2026-02-27T00:10:00Z', '2025-12-31T23:59:59.999999Z']
  for (const createdAt of days) await insertRow(query.sql, carol, { createdAt })
  await insertRow(query.sql, carol, { createdAt: '2026-03-01T12:00:00Z', deleted: true })
  const countDays = async (parameters: string) =>
    Timeline.parse(await (await query.get(`/api/generations/timeline${parameters}`, { 'x-test': 'carol' })).json()).days
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
    expect([zone, (await query.get(`/api/generations/timeline?zone=${zone}`)).status]).toEqual([zone, 422])
  }
})

test('responds 304 to an unchanged list, and 200 to a changed one', async () => {
  const carol = { 'x-test': 'carol' }
  const id = await insertRow(query.sql, CAROL.workspaceId)
  const etag = (await query.get('/api/generations', carol)).headers.get('etag') ?? ''
  expect((await query.get('/api/generations', { ...carol, 'if-none-match': etag })).status).toBe(304)
  await bumpVersion(query.sql, { ...CAROL, id })
  expect((await query.get('/api/generations', { ...carol, 'if-none-match': etag })).status).toBe(200)
})

test('returns raw parameters to administrators only, and only on request', async () => {
  const [withRaw, withoutRaw] = [
    await insertRow(query.sql, ALICE.workspaceId),
    await insertRow(query.sql, ALICE.workspaceId),
  ]
  const foreign = await insertRow(query.sql, BOB.workspaceId)
  const raw = { numOutputs: 1, referenceImage: 'data:image/png;base64,AAAA', internal: { note: 'secret' } }
  for (const id of [withRaw, foreign]) {
    await query.sql`update generations set parameters = '{"numOutputs": 1}' where id = ${id}`
    await query.sql`insert into generation_raw (generation_id, parameters) values (${id}, ${query.sql.json(raw)})`
  }
  const seen = async (parameters: string, headers: Record<string, string> = {}) => {
    const page = GenerationPage.parse(
      await (await query.get(`/api/generations?limit=100&${parameters}`, headers)).json(),
    )
    return Object.fromEntries(page.generations.map(({ id, parameters }) => [id, parameters as object]))
  }
  const owner = { 'x-test': 'owner' }
  expect(await seen('includeParameters=true', owner)).toMatchObject({ [withRaw]: raw, [withoutRaw]: {} })
  expect(await seen('includeParameters=true', owner)).not.toHaveProperty(foreign)
  for (const parameters of [await seen('', owner), await seen('includeParameters=false', owner), await seen('')]) {
    expect(parameters[withRaw]).toEqual({ numOutputs: 1 })
  }
  const refused = await query.get('/api/generations?includeParameters=true')
  expect([refused.status, await refused.text()]).toEqual([403, expect.not.stringContaining('secret')])
  expect((await query.get('/api/generations?includeParameters=yes', owner)).status).toBe(422)
})

async function list(parameters: string): Promise<GenerationPage> {
  return GenerationPage.parse(await (await query.get(`/api/generations?${parameters}`)).json())
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
