import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { PROBLEMS, Problem, type ProblemCode } from '@darkroom/contracts/problem'
import { z } from 'zod'
import { createLog } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { createHttpApp, type HttpAppOptions } from './app.ts'
import { createIdentify } from './identity.ts'
import { ProblemError } from './problem.ts'
import type { RouteRules } from './route-rules.ts'

const SECRET = 'hunter2-hunter2'
const log = createLog({ service: 'test', level: 'silent' })

test('responds with the request id and without MIME sniffing', async () => {
  await using studio = serve()
  const response = await studio.fetch('/echo', post('{"a":"b"}'))
  expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { a: 'b' } })
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})

for (const [code, path, init] of [
  ['malformed', '/echo', post('{"a":')],
  ['unauthenticated', '/refuse/unauthenticated', {}],
  ['forbidden', '/echo', post('{"a":"b"}', { origin: 'https://evil.example' })],
  ['forbidden', '/echo', { headers: { host: 'evil.example' } }],
  ['not_found', '/nowhere', {}],
  ['not_found', '/nowhere', post('{}')],
  ['not_found', '/undeclared', post('{}')],
  ['method_not_allowed', '/hello', post('{}')],
  ['too_large', '/any', post(`"${'x'.repeat(64 * 1024)}"`)],
  ['unsupported_type', '/echo', post('--x--', { 'content-type': 'multipart/form-data; boundary=x' })],
  ['not_found', '/%E0%A4%A', {}],
  ['conflict', '/refuse/conflict', {}],
  ['too_large', '/echo', post(`"${'x'.repeat(33 * 1024 * 1024)}"`)],
  ['unsupported_type', '/echo', post('a', { 'content-type': 'text/plain' })],
  ['unsupported_type', '/echo', post('a', { 'content-encoding': 'gzip' })],
  ['invalid', '/echo', post('{"a":1}')],
  ['invalid', '/echo', post('{"a":"b","__proto__":1}')],
  ['too_many', '/refuse/too_many', {}],
  ['internal', '/throw/error', {}],
  ['internal', '/throw/postgres', {}],
  ['internal', '/throw/text', {}],
  ['internal', '/throw/later', {}],
  ['unavailable', '/refuse/unavailable', {}],
] as const) {
  test(`${'method' in init ? 'POST' : 'GET'} ${path} responds with the problem document ${code}`, async () => {
    await using studio = serve()
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
  await using studio = serve()
  const response = await studio.fetch(
    '/echo',
    post(JSON.stringify({ a: 1, list: [{ n: SECRET }], [SECRET.slice(0, 7)]: SECRET })),
  )
  const problem = Problem.parse(await response.json())
  expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual(['', 'a', 'list.0.n'])
  expect(JSON.stringify(problem)).not.toContain(SECRET)
})

test('requires no content type without a body', async () => {
  await using studio = serve()
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
  await using studio = serve()
  const raw = 'POST /any HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'
  expect(await studio.raw(raw)).toStartWith('HTTP/1.1 415 ')
  const chunked = 'POST /any HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'
  expect(await studio.raw(chunked)).toStartWith('HTTP/1.1 415 ')
})

test('sends Retry-After with errors that allow a retry', async () => {
  await using studio = serve()
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
    await using studio = serve()
    for (const path of ['/hello', '/nowhere']) {
      const response = await studio.fetch(path, { headers: { 'x-request-id': given } })
      expect(response.headers.get('x-request-id') === given).toBe(isAccepted)
      expect(response.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_-]{8,64}$/)
    }
  })
}

test('every request has its own id', async () => {
  await using studio = serve()
  const ids = await Promise.all([1, 2, 3].map(async () => (await studio.fetch('/hello')).headers.get('x-request-id')))
  expect(new Set(ids).size).toBe(3)
})

for (const head of [
  'GET /hello HTTP/1.0',
  'GET /hello HTTP/1.1\r\nHost: a b',
  'GET /readyz HTTP/1.1\r\nHost: [::bad',
  'GET /hello HTTP/1.1\r\nHost: evil.example',
]) {
  test(`rejects ${JSON.stringify(head)} as forbidden`, async () => {
    await using studio = serve()
    expect(await studio.raw(`${head}\r\nConnection: close\r\n\r\n`)).toStartWith('HTTP/1.1 403 ')
  })
}

test('health is ok while every check fails', async () => {
  await using studio = serve({ checks: { database: () => Promise.reject(new Error(SECRET)) } })
  const response = await studio.fetch('/healthz', { headers: { host: 'localhost' } })
  expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
})

test('readiness runs every check, and names the failing one without its error', async () => {
  await using studio = serve({ checks: { store: async () => {}, database: () => Promise.reject(new Error(SECRET)) } })
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, checks: { store: 'ok', database: 'failing' } },
  ])
})

test('is ready when all checks pass, until the service begins to stop', async () => {
  const stopping = new AbortController()
  await using studio = serve({ checks: { store: async () => {} }, stopping: stopping.signal })
  expect(await (await studio.fetch('/readyz')).json()).toEqual({ ready: true, checks: { store: 'ok' } })
  stopping.abort()
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, stopping: true, checks: { store: 'ok' } },
  ])
})

test('readiness says what a service that stops waits for, and not before', async () => {
  const stopping = new AbortController()
  const stopDetails = () => ({ calls: [{ provider: 'Fake', model: 'fake-image', remainingSeconds: 9 }] })
  await using studio = serve({ stopping: stopping.signal, stopDetails })
  expect(await (await studio.fetch('/readyz')).json()).toEqual({ ready: true, checks: {} })
  stopping.abort()
  const response = await studio.fetch('/readyz')
  expect(await response.json()).toEqual({ ready: false, stopping: true, checks: {}, ...stopDetails() })
})

test('a check that never settles fails, and its signal is aborted', async () => {
  const aborted = Promise.withResolvers<void>()
  const hang = (signal: AbortSignal) =>
    new Promise<void>(() => signal.addEventListener('abort', () => aborted.resolve()))
  await using studio = serve({ checks: { bus: hang } })
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([503, { ready: false, checks: { bus: 'failing' } }])
  await aborted.promise
})

test('measures requests by method, route and status, and unknown paths together', async () => {
  await using studio = serve()
  await studio.fetch('/raw', { method: 'POST' })
  await studio.fetch('/echo', post('{"a":1}'))
  await studio.fetch('/echo', post('{"a":'))
  await studio.fetch('/refuse/conflict')
  await studio.fetch('/somewhere-in-particular')
  const text = await studio.metricsWith(/method="GET",route="none",status="404"/)
  for (const [method, route, status] of [
    ['POST', '/raw', 206],
    ['POST', '/echo', 422],
    ['POST', '/echo', 400],
    ['GET', '/refuse/:code', 409],
  ]) {
    expect(text).toContain(`_count{service="test",method="${method}",route="${route}",status="${status}"} 1`)
  }
  expect(text).not.toContain('particular')
})

test('releases the memory of a body after every outcome, a disconnected caller included', async () => {
  await using studio = serve()
  for (const body of ['{"a":"b"}', '{"a":', '{"a":1}', `"${'x'.repeat(33 * 1024 * 1024)}"`])
    await studio.fetch('/echo', post(body))
  for (const path of ['/throw/error', '/refuse/conflict', '/nowhere']) await studio.fetch(path, post('{"a":"b"}'))
  expect(await studio.metricsWith(/^http_body_bytes\{.*\} 0$/m)).toBeDefined()

  const half =
    'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"a":'
  const caller = connect(studio.port, '127.0.0.1', () => caller.write(half))
  expect(await studio.metricsWith(/^http_body_bytes\{.*\} 5$/m)).toBeDefined()
  caller.destroy()
  expect(await studio.metricsWith(/^http_body_bytes\{.*\} 0$/m)).toBeDefined()
})

test('identifies a request once, and passes the identity to the route', async () => {
  const identified: string[] = []
  const identity = { userId: 'u', workspaceId: 'w', admin: false }
  await using studio = serve({
    identify: async request => {
      identified.push(new URL(request.url).pathname)
      return identity
    },
  })
  const response = await studio.fetch('/identity', post('{"a":1}'))
  expect(await response.json()).toEqual({ body: { a: 1 }, ...identity })
  expect(identified).toEqual(['/identity'])
  await studio.fetch('/healthz')
  expect(identified).toEqual(['/identity'])
})

test('rejects an unauthenticated request before its body has arrived', async () => {
  await using studio = serve({
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

const WORKSPACE = { access: 'workspace' } as const
const RULES: RouteRules = {
  'GET /hello': WORKSPACE,
  'POST /identity': WORKSPACE,
  'POST /raw': WORKSPACE,
  'GET /any': WORKSPACE,
  'POST /any': WORKSPACE,
  'PUT /any': WORKSPACE,
  'DELETE /any': WORKSPACE,
  'POST /echo': { access: 'workspace', body: { kind: 'json', maxBytes: 32 * 1024 * 1024 } },
  'GET /refuse/:code': WORKSPACE,
  'GET /throw/:kind': WORKSPACE,
  'POST /admin': { access: 'admin' },
  'POST /secret': { access: 'secret' },
}

test('the ports of services check Host, Origin and the site of health and metrics, too', async () => {
  await using studio = serve({}, { OPERATOR_HOSTS: ['ingest:8080'] })
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

test('no address allows another site to read it', async () => {
  await using studio = serve()
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
    await using studio = serve({ identify: async () => ({ userId: 'u', workspaceId: 'w', admin: isAdmin }) })
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}`
    expect(await studio.raw(`${head}\r\n\r\n`)).toStartWith(`HTTP/1.1 ${status} `)
    const chunked = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked`
    if (status !== 413) expect(await studio.raw(`${chunked}\r\n\r\n`)).toStartWith(`HTTP/1.1 ${status} `)
  })
}

test('a route for who has the secret is reached with it alone', async () => {
  await using studio = serve({}, { INTERNAL_API_SECRET: SECRET })
  expect((await studio.fetch('/secret', post('{}', { 'x-internal-secret': SECRET }))).status).toBe(200)
  expect((await studio.fetch('/secret', post('{}', { 'x-internal-secret': `${SECRET}x` }))).status).toBe(401)
  await using open = serve()
  expect((await open.fetch('/secret', post('{}', { 'x-internal-secret': 'undefined' }))).status).toBe(401)
})

test('an identification that never ends is answered within its deadline', async () => {
  await using studio = serve({ identify: () => new Promise(() => {}) })
  const response = await studio.fetch('/hello')
  expect([response.status, response.headers.has('retry-after')]).toEqual([503, true])
}, 10_000)

test('closes a connection that requests nothing, and after refused and half-open bodies', async () => {
  await using studio = serve({ idleSeconds: 1 }, {}, 1)
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
}, 20_000)

/** Starts a service with test routes on a free port. */
function serve(
  options: Partial<Pick<HttpAppOptions, 'idleSeconds' | 'checks' | 'identify' | 'stopping' | 'stopDetails'>> = {},
  config: Partial<HttpAppOptions['config']> = {},
  idleTimeout = 10,
) {
  const app = createHttpApp(
    {
      config: { PORT: 3000, PUBLIC_URL: 'http://localhost', BODY_MEMORY_MB: 64, ...config },
      log,
      metrics: createMetrics('test'),
      checks: {},
      identify: createIdentify({}),
      stopping: new AbortController().signal,
      ...options,
    },
    RULES,
  )
    .get('/hello', () => 'hello')
    .post('/admin', ({ body }) => body)
    .post('/secret', ({ body }) => body)
    .post('/undeclared', () => 'reached')
    .post('/identity', ({ body, identity }) => ({ body, ...identity }))
    .post('/raw', () => new Response('part', { status: 206 }))
    .all('/any', ({ body }) => typeof body)
    .post('/echo', ({ body }) => body, {
      body: z.strictObject({ a: z.string(), list: z.array(z.strictObject({ n: z.number() })).optional() }),
    })
    .all('/refuse/:code', ({ params }) => {
      const options = params.code === 'unavailable' ? { retryAfterSeconds: 7 } : {}
      throw new ProblemError(params.code as ProblemCode, 'Not this time.', options)
    })
    .all('/throw/:kind', ({ params }) => THROWN[params.kind]?.())
    .listen({ port: 0, hostname: '127.0.0.1', idleTimeout, maxRequestBodySize: 64 * 1024 * 1024 })
  const port = app.server?.port ?? 0
  const fetchPath = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { host: 'localhost', ...(init.headers as object) } })
  return {
    port,
    fetch: fetchPath,
    raw: (text: string) => exchange(port, text),
    metricsWith: (pattern: RegExp) => eventually(async () => (await fetchPath('/metrics')).text(), pattern),
    [Symbol.asyncDispose]: async () => {
      await app.stop(true)
    },
  }
}

const THROWN: Record<string, () => unknown> = {
  error: () => {
    throw new Error(`connection to postgres://user:${SECRET}@db failed`)
  },
  postgres: () => {
    throw Object.assign(new Error(`column ${SECRET}`), { code: '42703', query: `select ${SECRET}`, status: 418 })
  },
  text: () => {
    throw SECRET
  },
  later: async () => {
    await Promise.resolve()
    throw new TypeError(SECRET)
  },
}

function post(body: string, headers: Record<string, string> = {}) {
  return { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }
}

/** Sends raw bytes, as no HTTP client would, and returns the head of the response. */
async function exchange(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let received = ''
  const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
  socket.on('data', data => {
    received += data
    if (received.includes('\r\n\r\n')) socket.destroy()
  })
  socket.on('error', reject)
  socket.on('close', () => resolve(received))
  return await promise
}

/** Sends raw bytes, and resolves when the other side has closed the connection. */
async function waitForClose(port: number, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1')).resume()
  socket.on('error', () => {})
  socket.on('close', () => resolve())
  await promise
}

/** Reads a text until it matches, since some effects come only after a response has been sent. */
async function eventually(read: () => Promise<string>, pattern: RegExp): Promise<string> {
  const deadline = AbortSignal.timeout(4_000)
  for (let text = await read(); ; text = await read()) {
    if (pattern.test(text)) return text
    deadline.throwIfAborted()
    await Bun.sleep(5)
  }
}
