import { afterAll, beforeAll, expect, test } from 'bun:test'
import { GenerationPage } from '@darkroom/contracts/generation'
import { Problem } from '@darkroom/contracts/problem'
import { openTestQuery, type TestQuery } from './app.fixture.ts'
import { insertRow } from './rows.fixture.ts'

/** Lists, ids, ranges, conditions and HEAD, as the standards of HTTP have them, at every address that has them. */

const stack = new AsyncDisposableStack()
const OWNER = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: true }
const BYTES = '0123456789'
const MODIFIED = new Date('2026-02-03T04:05:06Z').toUTCString()
const upstreamRequests: Record<string, string>[] = []
let query: TestQuery
let key: string
const ids: Record<'image' | 'video' | 'remote', string> = { image: '', video: '', remote: '' }

beforeAll(async () => {
  const upstream = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: respondUpstream })
  stack.defer(() => upstream.stop(true))
  query = stack.use(await openTestQuery({ identify: async () => OWNER, allowOrigins: [upstream.url.origin] }))
  const insert = (overrides: Parameters<typeof insertRow>[2]) => insertRow(query.sql, OWNER.workspaceId, overrides)
  ids.image = await insert({ prompt: 'a red fox', outputs: ['stored'], model: 'one', status: 'completed' })
  ids.video = await insert({ prompt: 'a {"a":1} boat', kind: 'video', model: 'two', status: 'failed' })
  ids.remote = await insert({ prompt: 'far', outputs: ['temporary'], model: 'three', status: 'completed' })
  key = `w/${OWNER.workspaceId}/gen/${ids.image}/1/0.png`
  await query.sql`update generation_outputs set key = ${key}, mime_type = 'image/png' where generation_id = ${ids.image}`
  await query.sql`
    update generation_outputs set provider_url = ${`${upstream.url.origin}/far.png`}, from_call = true where generation_id = ${ids.remote}`
  await query.store.put(key, new TextEncoder().encode(BYTES), { signal: AbortSignal.timeout(60_000) })
})
afterAll(() => stack.disposeAsync())

/** Serves one file with ranges, as the servers of providers do. */
function respondUpstream(request: Request): Response {
  upstreamRequests.push(Object.fromEntries(request.headers))
  const headers = { 'content-type': 'image/png', etag: '"far,1"', 'last-modified': MODIFIED, 'accept-ranges': 'bytes' }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '') ?? []
  if (first === undefined) return new Response(BYTES, { headers })
  if (Number(first) >= BYTES.length)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${BYTES.length}` } })
  const end = Math.min(Number(last || 9), 9)
  const part = BYTES.slice(Number(first), end + 1)
  return new Response(part, { status: 206, headers: { ...headers, 'content-range': `bytes ${first}-${end}/10` } })
}

test.each<[string, Array<keyof typeof ids>]>([
  ['status=completed,failed', ['image', 'remote', 'video']],
  ['status=completed&status=failed', ['image', 'remote', 'video']],
  ['status=failed,queued&status=cancelled', ['video']],
  ['status=%20failed%20,queued%20', ['video']],
  ['model=one,two', ['image', 'video']],
  ['model=one&model=two', ['image', 'video']],
  ['kind=image,video', ['image', 'remote', 'video']],
  ['kind=video&kind=video', ['video']],
  ['q=red%2C+fox', ['image']],
  ['q={"a":1}', ['video']],
])('%s lists what it names', async (parameters, names) => {
  const page = GenerationPage.parse(await (await query.get(`/api/generations?${parameters}`)).json())
  expect(page.generations.map(({ id }) => id).toSorted()).toEqual(names.map(name => ids[name]).toSorted())
})

test('takes ids that are repeated, with commas between, and in capital letters', async () => {
  const [image, video] = [ids.image.toUpperCase(), ids.video]
  for (const parameters of [`ids=${image},${video}`, `ids=${image}&ids=${video}`]) {
    const page = GenerationPage.parse(await (await query.get(`/api/generations?${parameters}`)).json())
    expect(page.generations).toHaveLength(2)
  }
  for (const path of [
    `/api/generations/${image}`,
    `/api/generations?around=${image}`,
    `/api/generations?parent=${image}`,
    `/api/download/${image}/0`,
    `/api/download?ids=${image}.0&ids=${image}`,
    `/media/remote/${ids.remote.toUpperCase()}/0`,
    `/media/${key.replaceAll(/[0-9a-f-]{36}/g, id => id.toUpperCase())}`,
  ])
    expect([path, (await query.get(path)).status]).toEqual([path, 200])
})

test('refuses a parameter that takes one value and is repeated, and says which', async () => {
  const response = await query.get('/api/generations?limit=1&limit=2')
  const problem = Problem.parse(await response.json())
  expect([response.status, problem.detail]).toEqual([422, 'limit is given 2 times, and takes one value.'])
})

/** Addresses of the same file: in the store, as a download, and at its provider. */
const FILES = (): [string, string][] => [
  ['stored', `/media/${key}`],
  ['download', `/api/download/${ids.image}/0`],
  ['download without metadata', `/api/download/${ids.image}/0?metadata=none`],
  ['remote', `/media/remote/${ids.remote}/0`],
  ['remote download', `/api/download/${ids.remote}/0`],
]

test('sends ranges of a file, wherever it is', async () => {
  for (const [name, path] of FILES()) {
    const whole = await query.get(path)
    expect([name, whole.status, await whole.text(), whole.headers.get('accept-ranges')]).toEqual([
      name,
      200,
      BYTES,
      'bytes',
    ])
    const [etag, modified] = [whole.headers.get('etag') ?? '', whole.headers.get('last-modified') ?? '']
    for (const [headers, status, text] of [
      [{ range: 'bytes=2-4' }, 206, '234'],
      [{ range: 'bytes=7-' }, 206, '789'],
      [{ range: 'bytes=0-99' }, 206, BYTES],
      [{ range: 'bytes=5-2' }, 200, BYTES],
      [{ range: 'bytes=x' }, 200, BYTES],
      [{ range: 'lines=1-2' }, 200, BYTES],
      [{ range: 'bytes=1-2,4-5' }, 200, BYTES],
      [{ range: 'bytes=2-4', 'if-range': etag }, 206, '234'],
      [{ range: 'bytes=2-4', 'if-range': modified }, 206, '234'],
      ...(name.startsWith('remote')
        ? []
        : ([
            [{ range: 'bytes=-2' }, 206, '89'],
            [{ range: 'bytes=-99' }, 206, BYTES],
            [{ range: 'bytes=2-4,' }, 206, '234'],
            [{ range: 'bytes=2-4,99-' }, 206, '234'],
            [{ range: 'bytes=2-4', 'if-range': `W/${etag}` }, 200, BYTES],
            [{ range: 'bytes=2-4', 'if-range': new Date(0).toUTCString() }, 200, BYTES],
          ] as const)),
    ] as const) {
      const response = await query.get(path, headers)
      expect([name, headers, response.status, await response.text()]).toEqual([name, headers, status, text])
      if (status === 206) expect(response.headers.get('content-range')).toMatch(/^bytes \d+-\d+\/10$/)
    }
    for (const range of ['bytes=10-', 'bytes=99-100']) {
      const beyond = await query.get(path, { range })
      expect([name, beyond.status, beyond.headers.get('content-range')]).toEqual([name, 416, 'bytes */10'])
      expect(Problem.parse(await beyond.json()).code).toBe('range')
    }
  }
  expect(upstreamRequests.some(headers => headers['if-range'] === '"far,1"')).toBe(true)
})

test('sends what has changed since the client saw it, and nothing else', async () => {
  const texts = [
    '/api/generations',
    `/api/generations/${ids.image}`,
    '/api/models',
    '/api/generations/count',
    '/openapi.json',
  ]
  for (const [name, path] of [...FILES(), ...texts.map(path => [path, path] as const)]) {
    const first = await query.get(path)
    await first.text()
    const [etag, modified] = [first.headers.get('etag') ?? '', first.headers.get('last-modified')]
    const strong = etag.replace(/^W\//, '')
    const isStrong = etag === strong
    const before = { 'if-modified-since': new Date(0).toUTCString() }
    for (const [headers, status] of [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': `W/${strong}` }, 304],
      [{ 'if-none-match': strong }, 304],
      [{ 'if-none-match': `"x,y", W/"z" ,,${etag}` }, 304],
      [{ 'if-none-match': '*' }, 304],
      [{ 'if-none-match': '"x", "y"' }, 200],
      [{ 'if-none-match': `"x${strong.slice(1, -1)}` }, 200],
      [{ 'if-none-match': 'nothing of a tag' }, 200],
      [{ 'if-none-match': etag, ...before }, 304],
      [{ 'if-match': etag }, isStrong ? 200 : 412],
      [{ 'if-match': `"x", ${etag}` }, isStrong ? 200 : 412],
      [{ 'if-match': '*' }, 200],
      [{ 'if-match': '"x"' }, 412],
      [{ 'if-match': '"x"', 'if-none-match': etag }, 412],
      [before, 200],
      ...(modified === null
        ? []
        : ([
            [{ 'if-modified-since': modified }, 304],
            [{ 'if-modified-since': 'yesterday' }, 200],
            [{ 'if-modified-since': modified, 'if-none-match': '"x"' }, 200],
            [{ 'if-unmodified-since': modified }, 200],
            [{ 'if-unmodified-since': new Date(0).toUTCString() }, 412],
            [{ 'if-unmodified-since': new Date(0).toUTCString(), 'if-match': '*' }, 200],
          ] as const)),
    ] as const) {
      for (const method of ['GET', 'HEAD'] as const) {
        const response = await (method === 'GET' ? query.get(path, headers) : query.head(path, headers))
        await response.text()
        expect([name, method, headers, response.status]).toEqual([name, method, headers, status])
        if (status !== 304) continue
        expect([response.headers.get('etag'), response.headers.get('content-length')]).toEqual([etag, null])
      }
    }
    if (path.startsWith('/media') || path.startsWith('/api/download/')) expect(modified).toMatch(/ GMT$/)
  }
})

test('HEAD has the headers of GET, and reads nothing that has no end', async () => {
  for (const path of [
    ...FILES().map(([, path]) => path),
    '/api/generations',
    `/api/generations/${ids.image}`,
    '/api/generations/count',
    '/api/generations/timeline',
    `/api/generations/${crypto.randomUUID()}`,
    '/api/models',
    '/api/usage',
    '/api/parts',
    '/api/readyz',
    '/api/events',
    '/healthz',
    '/api/nothing',
    '/openapi.json',
    `/api/download?ids=${ids.image}`,
  ]) {
    const [get, head] = [await query.get(path), await query.head(path)]
    await get.body?.cancel()
    const describe = (response: Response) =>
      Object.fromEntries(
        [...response.headers].filter(
          ([name]) => !['date', 'x-request-id', 'transfer-encoding', 'content-length'].includes(name),
        ),
      )
    expect([path, head.status, describe(head)]).toEqual([path, get.status, describe(get)])
    const length = get.headers.get('content-length')
    if (length !== null) expect([path, head.headers.get('content-length')]).toEqual([path, length])
    expect(await head.text()).toBe('')
  }
})
