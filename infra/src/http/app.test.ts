import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { PROBLEMS, Problem } from '@darkroom/contracts/problem'
import { createPost, SECRET, serveTestApp } from './app.fixture.ts'

test('responds with the request id and without MIME sniffing', async () => {
  await using studio = serveTestApp()
  const response = await studio.fetch('/echo', createPost('{"a":"b"}'))
  expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { a: 'b' } })
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})

for (const [code, path, init] of [
  ['malformed', '/echo', createPost('{"a":')],
  ['unauthenticated', '/refuse/unauthenticated', {}],
  ['forbidden', '/echo', createPost('{"a":"b"}', { origin: 'https://evil.example' })],
  ['forbidden', '/echo', { headers: { host: 'evil.example' } }],
  ['not_found', '/nowhere', {}],
  ['not_found', '/nowhere', createPost('{}')],
  ['not_found', '/undeclared', createPost('{}')],
  ['method_not_allowed', '/hello', createPost('{}')],
  ['too_large', '/any', createPost(`"${'x'.repeat(64 * 1024)}"`)],
  ['unsupported_type', '/echo', createPost('--x--', { 'content-type': 'multipart/form-data; boundary=x' })],
  ['not_found', '/%E0%A4%A', {}],
  ['conflict', '/refuse/conflict', {}],
  ['too_large', '/echo', createPost(`"${'x'.repeat(33 * 1024 * 1024)}"`)],
  ['unsupported_type', '/echo', createPost('a', { 'content-type': 'text/plain' })],
  ['unsupported_type', '/echo', createPost('a', { 'content-encoding': 'gzip' })],
  ['invalid', '/echo', createPost('{"a":1}')],
  ['invalid', '/echo', createPost('{"a":"b","__proto__":1}')],
  ['too_many', '/refuse/too_many', {}],
  ['internal', '/throw/error', {}],
  ['internal', '/throw/postgres', {}],
  ['internal', '/throw/text', {}],
  ['internal', '/throw/later', {}],
  ['unavailable', '/refuse/unavailable', {}],
] as const) {
  test(`${'method' in init ? 'POST' : 'GET'} ${path} responds with the problem document ${code}`, async () => {
    await using studio = serveTestApp()
    const response = await studio.fetch(path, init)
    const text = await response.text()
    const problem = Problem.parse(JSON.parse(text))
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(problem).toMatchObject({ code, ...PROBLEMS[code] })
    expect(response.status).toBe(PROBLEMS[code].status)
    expect(problem.requestId).toBe(response.headers.get('x-request-id') ?? '')
    expect(problem.detail).toMatch(/\.$|: |Unrecognized/)
    expect(text).not.toMatch(new RegExp(`${SECRET}|/infra/|\\.ts|select |at <|node_modules`))
  })
}

test('reports the errors of a body by field, without its values', async () => {
  await using studio = serveTestApp()
  const response = await studio.fetch(
    '/echo',
    createPost(JSON.stringify({ a: 1, list: [{ n: SECRET }], [SECRET.slice(0, 7)]: SECRET })),
  )
  const problem = Problem.parse(await response.json())
  expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual(['', 'a', 'list.0.n'])
  expect(JSON.stringify(problem)).not.toContain(SECRET)
})

test('requires no content type without a body', async () => {
  await using studio = serveTestApp()
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    const response = await studio.fetch('/any', { method })
    expect({ method, status: response.status, text: await response.text() }).toEqual({
      method,
      status: 200,
      text: 'undefined',
    })
  }
  expect((await studio.fetch('/echo', { method: 'POST' })).status).toBe(422)
})

test('rejects a body without a content type', async () => {
  await using studio = serveTestApp()
  const raw = 'POST /any HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'
  expect(await studio.raw(raw)).toStartWith('HTTP/1.1 415 ')
  const chunked = 'POST /any HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'
  expect(await studio.raw(chunked)).toStartWith('HTTP/1.1 415 ')
})

test('sends Retry-After with errors that allow a retry', async () => {
  await using studio = serveTestApp()
  expect((await studio.fetch('/refuse/unavailable')).headers.get('retry-after')).toBe('7')
  expect((await studio.fetch('/refuse/conflict')).headers.get('retry-after')).toBeNull()
})

for (const [given, isAccepted] of [
  ['abcdefgh-0190', true],
  ['A_b-'.repeat(16), true],
  ['short', false],
  ['A_b-'.repeat(16).concat('x'), false],
  ['with space', false],
  ['"quoted-id"', false],
  ['<script>alert(1)</script>', false],
] as const) {
  test(`the request id ${given} is ${isAccepted ? 'echoed' : 'replaced by a new one'}`, async () => {
    await using studio = serveTestApp()
    for (const path of ['/hello', '/nowhere']) {
      const response = await studio.fetch(path, { headers: { 'x-request-id': given } })
      expect(response.headers.get('x-request-id') === given).toBe(isAccepted)
      expect(response.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_-]{8,64}$/)
    }
  })
}

test('every request has its own id', async () => {
  await using studio = serveTestApp()
  const ids = await Promise.all([1, 2, 3].map(async () => (await studio.fetch('/hello')).headers.get('x-request-id')))
  expect(new Set(ids).size).toBe(3)
})

test('measures requests by method, route and status, and unknown paths together', async () => {
  await using studio = serveTestApp()
  await studio.fetch('/raw', { method: 'POST' })
  await studio.fetch('/echo', createPost('{"a":1}'))
  await studio.fetch('/echo', createPost('{"a":'))
  await studio.fetch('/refuse/conflict')
  await studio.fetch('/somewhere-in-particular')
  const text = await studio.metricsWith(/method="GET",route="none",status="404"/)
  for (const [method, route, status] of [
    ['POST', '/raw', 206],
    ['POST', '/echo', 422],
    ['POST', '/echo', 400],
    ['GET', '/refuse/:code', 409],
  ]) {
    expect(text).toContain(
      `_count{service="test",host="${hostname()}",method="${method}",route="${route}",status="${status}"} 1`,
    )
  }
  expect(text).not.toContain('particular')
})

test('releases the memory of a body after every outcome, a disconnected caller included', async () => {
  await using studio = serveTestApp()
  for (const body of ['{"a":"b"}', '{"a":', '{"a":1}', `"${'x'.repeat(33 * 1024 * 1024)}"`])
    await studio.fetch('/echo', createPost(body))
  for (const path of ['/throw/error', '/refuse/conflict', '/nowhere']) await studio.fetch(path, createPost('{"a":"b"}'))
  expect(await studio.metricsWith(/^http_body_bytes\{.*\} 0$/m)).toBeDefined()

  const half =
    'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"a":'
  const caller = connect(studio.port, '127.0.0.1', () => caller.write(half))
  expect(await studio.metricsWith(/^http_body_bytes\{.*\} 5$/m)).toBeDefined()
  caller.destroy()
  expect(await studio.metricsWith(/^http_body_bytes\{.*\} 0$/m)).toBeDefined()
})

test('no address allows another site to read it', async () => {
  await using studio = serveTestApp()
  for (const [path, init] of [
    ['/hello', {}],
    ['/nowhere', {}],
    ['/hello', { method: 'OPTIONS' }],
  ] as const) {
    const response = await studio.fetch(path, { ...init, headers: { origin: 'http://localhost' } })
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect([...response.headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([])
  }
})

test('closes a connection that requests nothing, and after refused and half-open bodies', async () => {
  await using studio = serveTestApp({ idleSeconds: 1 }, {}, 1)
  const head = 'HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"a'
  const large =
    'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2200000\r\n'
  const requests = [
    large + 'x'.repeat(34 * 1024 * 1024),
    'GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n',
    `POST /nowhere ${head}`,
    `GET /hello ${head}`,
  ]
  await Promise.all(requests.map(request => waitForClose(studio.port, request)))
})

/** Sends raw bytes, and resolves when the other side has closed the connection. */
async function waitForClose(port: number, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1')).resume()
  socket.on('error', () => {})
  socket.on('close', () => resolve())
  await promise
}
