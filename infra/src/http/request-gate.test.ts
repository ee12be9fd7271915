import { expect, test } from 'bun:test'
import { createPost, SECRET, serveTestApp } from './app.fixture.ts'
import { ProblemError } from './problem.ts'

for (const head of [
  'GET /hello HTTP/1.0',
  'GET /hello HTTP/1.1\r\nHost: a b',
  'GET /readyz HTTP/1.1\r\nHost: [::bad',
  'GET /hello HTTP/1.1\r\nHost: evil.example',
]) {
  test(`rejects ${JSON.stringify(head)} as forbidden`, async () => {
    await using studio = serveTestApp()
    expect(await studio.raw(`${head}\r\nConnection: close\r\n\r\n`)).toStartWith('HTTP/1.1 403 ')
  })
}

test('identifies a request once, and passes the identity to the route', async () => {
  const identified: string[] = []
  const identity = { userId: 'u', workspaceId: 'w', admin: false }
  await using studio = serveTestApp({
    identify: async request => {
      identified.push(new URL(request.url).pathname)
      return identity
    },
  })
  const response = await studio.fetch('/identity', createPost('{"a":1}'))
  expect(await response.json()).toEqual({ body: { a: 1 }, ...identity })
  expect(identified).toEqual(['/identity'])
  await studio.fetch('/healthz')
  expect(identified).toEqual(['/identity'])
})

test('rejects an unauthenticated request before its body has arrived', async () => {
  await using studio = serveTestApp({
    identify: async () => {
      throw new ProblemError('unauthenticated', 'Sign in first.')
    },
  })
  const head =
    'POST /identity HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n'
  const response = await studio.raw(`${head}{"a":`)
  expect(response).toStartWith('HTTP/1.1 401 ')
  expect(await studio.metricsWith(/^http_body_bytes\{.*\} 0$/m)).toBeDefined()
})

test('the ports of services check Host, Origin and the site of health and metrics, too', async () => {
  await using studio = serveTestApp({}, { OPERATOR_HOSTS: ['ingest:8080'] })
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    for (const [headers, status] of [
      [{}, 200],
      [{ host: 'ingest:8080' }, 200],
      [{ host: 'evil.example' }, 403],
      [{ origin: 'https://evil.example' }, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
    ] as const) {
      const response = await studio.fetch(`${path}?callback=x`, { headers })
      expect({ path, headers, status: response.status }).toEqual({ path, headers, status })
      expect([...response.headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
      expect(await response.text()).not.toMatch(/^x\(/)
    }
  }
})

for (const [path, isAdmin, type, length, status] of [
  ['/admin', false, 'application/json', 31_000_000, 403],
  ['/admin', false, 'text/plain', 10, 403],
  ['/admin', true, 'application/json', 31_000_000, 413],
  ['/admin', true, 'text/plain', 10, 415],
  ['/secret', true, 'application/json', 31_000_000, 401],
  ['/nowhere', true, 'application/json', 31_000_000, 404],
  ['/hello', true, 'application/json', 31_000_000, 405],
  ['/echo', false, 'multipart/form-data; boundary=x', 31_000_000, 415],
  ['/echo', false, 'application/json', 34_000_000, 413],
] as const) {
  test(`answers ${path} with ${status} ${isAdmin ? 'for an administrator' : ''} before a byte of a body of ${type}`, async () => {
    await using studio = serveTestApp({ identify: async () => ({ userId: 'u', workspaceId: 'w', admin: isAdmin }) })
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}`
    expect(await studio.raw(`${head}\r\n\r\n`)).toStartWith(`HTTP/1.1 ${status} `)
    const chunked = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked`
    if (status !== 413) expect(await studio.raw(`${chunked}\r\n\r\n`)).toStartWith(`HTTP/1.1 ${status} `)
  })
}

test('a route for who has the secret is reached with it alone', async () => {
  await using studio = serveTestApp({}, { INTERNAL_API_SECRET: SECRET })
  expect((await studio.fetch('/secret', createPost('{}', { 'x-internal-secret': SECRET }))).status).toBe(200)
  expect((await studio.fetch('/secret', createPost('{}', { 'x-internal-secret': `${SECRET}x` }))).status).toBe(401)
  await using open = serveTestApp()
  expect((await open.fetch('/secret', createPost('{}', { 'x-internal-secret': 'undefined' }))).status).toBe(401)
})

test('an identification that never ends is answered within its deadline', async () => {
  await using studio = serveTestApp({ identify: () => new Promise(() => {}) })
  const response = await studio.fetch('/hello')
  expect([response.status, response.headers.has('retry-after')]).toEqual([503, true])
})
