import { afterAll, beforeAll, expect, test } from 'bun:test'
import { openTestQuery, type TestQuery } from '../app.fixture.ts'
import { insertRow } from '../rows.fixture.ts'

const stack = new AsyncDisposableStack()
const ALICE = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const BOB = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
let query: TestQuery
let upstream: ReturnType<typeof startUpstream>
const upstreamRequests: string[] = []

beforeAll(async () => {
  upstream = startUpstream()
  stack.defer(() => upstream.stop(true))
  const identify = async (request: Request) => (request.headers.get('x-test') === 'bob' ? BOB : ALICE)
  query = stack.use(await openTestQuery({ identify, allowOrigins: [upstream.url.origin] }))
})
afterAll(() => stack.disposeAsync())

test('serves media whole and in ranges, to their own workspace only', async () => {
  const key = `w/${ALICE.workspaceId}/gen/x/1/0.png`
  await query.store.put(key, new TextEncoder().encode('0123456789'), { signal: AbortSignal.timeout(60_000) })
  const whole = await query.get(`/media/${key}`)
  expect(await whole.text()).toBe('0123456789')
  expect(whole.headers.get('content-type')).toBe('image/png')
  expect(whole.headers.get('x-content-type-options')).toBe('nosniff')
  expect(whole.headers.get('content-security-policy')).toContain('sandbox')
  const etag = whole.headers.get('etag') ?? ''
  expect((await query.get(`/media/${key}`, { 'if-none-match': etag })).status).toBe(304)
  const ranges: [string, number, string][] = [
    ['bytes=2-4', 206, '234'],
    ['bytes=7-', 206, '789'],
    ['bytes=-2', 206, '89'],
    ['bytes=0-99', 206, '0123456789'],
    ['bytes=x', 200, '0123456789'],
    ['bytes=1-2,4-5', 200, '0123456789'],
  ]
  for (const [range, status, text] of ranges) {
    const response = await query.get(`/media/${key}`, { range })
    expect([range, response.status, await response.text()]).toEqual([range, status, text])
  }
  expect((await query.get(`/media/${key}`, { range: 'bytes=10-' })).status).toBe(416)
  for (const range of ['bytes=2-4', 'bytes=10-']) {
    const response = await query.get(`/media/${key}`, { range, 'if-range': '"another-etag"' })
    expect([range, response.status, await response.text()]).toEqual([range, 200, '0123456789'])
  }
  // Bun serves ranges of a file response by itself: every header that it parses as a range must be parsed here.
  for (const headers of [{ range: 'bytes=10-', 'if-range': '' }, { range: 'Bytes=10-' }, { range: 'bytes = 10 -' }]) {
    const response = await query.get(`/media/${key}`, headers)
    expect([headers, response.status, response.headers.get('content-type')]).toEqual([
      headers,
      416,
      'application/problem+json',
    ])
  }
  const head = await query.head(`/media/${key}`)
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '10'])
  for (const path of [
    key.replace('png', 'webp'),
    key.replace('.png', ''),
    `w/${ALICE.workspaceId}/../../x.png`,
    `${key}%00.png`,
    '..%2f..%2fetc%2fpasswd',
  ]) {
    expect([path, (await query.get(`/media/${path}`)).status]).toEqual([path, 404])
  }
  expect((await query.get(`/media/${key}`, { 'x-test': 'bob' })).status).toBe(404)
})

test('proxies a temporary output with its declared media type, and rejects other types', async () => {
  const id = await insertRow(query.sql, ALICE.workspaceId)
  const show = async (path: string, headers?: Record<string, string>, isFromCall = true) => {
    const { href } = new URL(path, upstream.url)
    await query.sql`update generation_outputs set state = 'temporary', provider_url = ${href}, from_call = ${isFromCall} where generation_id = ${id}`
    return await query.get(`/media/remote/${id}/0`, headers)
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
  expect((await query.get(`/media/remote/${id}/7`)).status).toBe(404)
  await query.sql`update generation_outputs set state = 'stored', key = 'w/x.png' where generation_id = ${id}`
  const moved = await query.get(`/media/remote/${id}/0`)
  expect([moved.status, moved.headers.get('location')]).toEqual([307, '/media/w/x.png'])
})

test('never fetches the reference URL of an old row from a private address', async () => {
  const id = await insertRow(query.sql, ALICE.workspaceId)
  const requestCount = upstreamRequests.length
  await query.sql`insert into generation_references (generation_id, position, url) values (${id}, 0, ${`${upstream.url.origin}/good.png`})`
  const response = await query.get(`/media/remote/${id}/ref/0`)
  expect(response.status).toBe(403)
  expect(await response.text()).toMatch(/cannot be fetched|not on the public internet/)
  expect(upstreamRequests).toHaveLength(requestCount)
})

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
