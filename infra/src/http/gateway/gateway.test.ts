import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Problem } from '@darkroom/contracts/problem'
import { Elysia } from 'elysia'
import { findFreePort } from '../../../local/process/free-ports.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { AWAY_MESSAGES } from './gateway-responses.ts'

const HOST = '127.0.0.1'
const abortedInBody = Promise.withResolvers<string>()
const arrived = Promise.withResolvers<void>()
const abortedBeforeResponse = Promise.withResolvers<string>()
const abortedUnread = Promise.withResolvers<string>()
const streaming = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>()

/** Handlers of the service behind the gateway, by path. */
const ROUTES: Record<string, (request: Request) => Response | Promise<Response>> = {
  '/api/echo': async request => new Response(await request.arrayBuffer()),
  '/api/headers': request => Response.json(Object.fromEntries(request.headers)),
  '/api/gzip': () => new Response(Bun.gzipSync('squeezed'), { headers: { 'content-encoding': 'gzip' } }),
  '/api/moved': () => new Response(null, { status: 302, headers: { location: 'http://elsewhere.example/x' } }),
  '/api/part': () => new Response('ll', { status: 206, headers: { 'content-range': 'bytes 2-3/5' } }),
  '/api/hop': () => new Response('x', { headers: { 'keep-alive': 'timeout=5', 'x-end-to-end': 'yes' } }),
  '/api/early': () => new Response('too large', { status: 413 }),
  '/api/endless': request => {
    request.signal.addEventListener('abort', () => abortedUnread.resolve('aborted'))
    return new Response(new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(65_536)) }))
  },
  '/api/slow': () => new Response(new ReadableStream({ start: streaming.resolve })),
  '/api/never': request => {
    request.signal.addEventListener('abort', () => abortedBeforeResponse.resolve('aborted'))
    arrived.resolve()
    return new Promise(() => {})
  },
  '/api/forever': request => {
    request.signal.addEventListener('abort', () => abortedInBody.resolve('aborted'))
    return new Response(new ReadableStream({ start: controller => controller.enqueue(Buffer.from('first')) }))
  },
}

let service: Bun.Server<undefined>
let gateway: Gateway
let base: string

beforeAll(async () => {
  service = Bun.serve({
    port: 0,
    hostname: HOST,
    idleTimeout: 0,
    fetch: request => {
      const { pathname, search } = new URL(request.url)
      return ROUTES[pathname]?.(request) ?? new Response(`query ${pathname}${search}`)
    },
  })
  const upstreams = { query: `http://${HOST}:${service.port}`, ingest: `http://${HOST}:${await findFreePort()}` }
  gateway = startGateway({ port: 0, host: HOST, upstreams, idleTimeoutSeconds: 1, stallSeconds: 1 })
  base = `http://${HOST}:${gateway.port}`
})

afterAll(async () => {
  await gateway.closeConnections()
  await service.stop(true)
})

test('forwards the path and the query string unchanged', async () => {
  expect(await (await fetch(`${base}/media/a%20b?x=%2F&y`)).text()).toBe('query /media/a%20b?x=%2F&y')
})

test('forwards request and response bodies byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 60_000 }, (_, index) => index * 31)
  const response = await fetch(`${base}/api/echo`, { method: 'POST', body: bytes })
  expect(await response.bytes()).toEqual(bytes)
})

test('forwards Host, Origin and Content-Length, and drops hop-by-hop headers', async () => {
  const headers = { host: 'studio.example', origin: 'http://studio.example', te: 'trailers', 'x-mine': 'yes' }
  const seen = await (await fetch(`${base}/api/headers`, { method: 'POST', body: 'hello', headers })).json()
  expect(seen).toMatchObject({
    host: 'studio.example',
    origin: 'http://studio.example',
    'content-length': '5',
    'x-mine': 'yes',
  })
  expect(seen).not.toHaveProperty('te')
  const response = await fetch(`${base}/api/hop`)
  expect(response.headers.get('x-end-to-end')).toBe('yes')
  expect(response.headers.has('keep-alive')).toBe(false)
})

test('requests no compression that the client did not request', async () => {
  const socket = connect(gateway.port, HOST)
  socket.end(`GET /api/headers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  expect(await new Response(socket).text()).not.toContain('accept-encoding')
})

test('answers a malformed request with 400, not with 503', async () => {
  const socket = connect(gateway.port, HOST)
  const lengths = 'Content-Length: 2\r\nContent-Length: 2\r\n'
  socket.end(`POST /api/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lengths}\r\n{}`)
  expect(await new Response(socket).text()).toStartWith('HTTP/1.1 400 ')
})

test('forwards a compressed response compressed', async () => {
  const response = await fetch(`${base}/api/gzip`, { decompress: false })
  expect(response.headers.get('content-encoding')).toBe('gzip')
  expect(Buffer.from(Bun.gunzipSync(await response.arrayBuffer())).toString()).toBe('squeezed')
})

test('forwards a redirect instead of following it', async () => {
  const response = await fetch(`${base}/api/moved`, { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([302, 'http://elsewhere.example/x'])
})

test('forwards the content length of a response', async () => {
  const response = await fetch(`${base}/api/part`)
  expect(response.headers.get('content-length')).toBe('2')
})

test('forwards a partial response as partial', async () => {
  const response = await fetch(`${base}/api/part`)
  expect([response.status, response.headers.get('content-range')]).toEqual([206, 'bytes 2-3/5'])
})

test('returns an early error before the request body has been sent', async () => {
  const never = new ReadableStream({ start: controller => controller.enqueue(new Uint8Array(1_000)) })
  const signal = AbortSignal.timeout(60_000)
  expect((await fetch(`${base}/api/early`, { method: 'POST', body: never, signal })).status).toBe(413)
})

test('does not close a stream that is silent for longer than the idle timeout', async () => {
  const pending = fetch(`${base}/api/slow`)
  const controller = await streaming.promise
  controller.enqueue(Buffer.from('a'))
  const response = await pending
  const reader = response.body?.getReader()
  const text = async () => Buffer.from((await reader?.read())?.value ?? []).toString()
  expect(await text()).toBe('a')
  // Bun looks for idle connections every four seconds.
  await Bun.sleep(8_500)
  controller.enqueue(Buffer.from('b'))
  expect(await text()).toBe('b')
  controller.close()
  expect((await reader?.read())?.done).toBe(true)
})

test('closes the connection of a client that does not read, and the request to the service with it', async () => {
  const socket = connect(gateway.port, HOST).pause()
  socket.on('error', () => {})
  socket.write(`GET /api/endless HTTP/1.1\r\nHost: ${HOST}:${gateway.port}\r\n\r\n`)
  expect(await abortedUnread.promise).toBe('aborted')
  socket.destroy()
})

test('aborts the request to the service when the client disconnects in the middle of a response', async () => {
  const abort = new AbortController()
  const response = await fetch(`${base}/api/forever`, { signal: abort.signal })
  await response.body?.getReader().read()
  abort.abort()
  expect(await abortedInBody.promise).toBe('aborted')
})

test('aborts the request to the service when the client disconnects before the response', async () => {
  const abort = new AbortController()
  const pending = fetch(`${base}/api/never`, { signal: abort.signal }).catch(() => 'gone')
  await arrived.promise
  abort.abort()
  expect(await pending).toBe('gone')
  expect(await abortedBeforeResponse.promise).toBe('aborted')
})

test('breaks off the response when the service dies in the middle, so that half a file does not pass for a whole one', async () => {
  const dying = createServer(socket =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n')
      socket.end()
    }),
  )
  const { promise: listening, resolve } = Promise.withResolvers<void>()
  dying.listen(0, HOST, resolve)
  await listening
  const { port } = dying.address() as AddressInfo
  const other = startGateway({ port: 0, host: HOST, upstreams: { query: `http://${HOST}:${port}`, ingest: '' } })
  const read = async () => await (await fetch(`http://${HOST}:${other.port}/media/x`)).text()
  expect(await read().catch(() => 'broken off')).toBe('broken off')
  await other.closeConnections()
  dying.close()
})

test.each([
  ['ingest', '/api/generate'],
  ['query', '/api/generations'],
] as const)('answers 503 with Retry-After when %s is down, and says what goes on', async (service, path) => {
  const port = await findFreePort()
  const upstreams = { query: `http://${HOST}:${port}`, ingest: `http://${HOST}:${port}` }
  const other = startGateway({ port: 0, host: HOST, upstreams })
  const response = await fetch(`http://${HOST}:${other.port}${path}`)
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(Problem.parse(await response.json())).toMatchObject({ code: 'unavailable', detail: AWAY_MESSAGES[service] })
  await other.closeConnections()
})

test('refuses changes while the studio stops, and still shows what is made', async () => {
  const upstreams = { query: `http://${HOST}:${service.port}`, ingest: `http://${HOST}:${service.port}` }
  const other = startGateway({ port: 0, host: HOST, upstreams })
  const address = `http://${HOST}:${other.port}`
  expect((await fetch(`${address}/api/generate`, { method: 'POST' })).status).toBe(200)
  other.refuseChanges()
  const refused = await fetch(`${address}/api/generate`, { method: 'POST' })
  expect([refused.status, Problem.parse(await refused.json()).code]).toEqual([503, 'unavailable'])
  expect((await fetch(`${address}/api/generations`)).status).toBe(200)
  await other.closeConnections()
})

test('routes the readiness of the studio to query, by its exact path', async () => {
  expect(await (await fetch(`${base}/readyz`)).text()).toBe('query /api/readyz')
})

test.each([
  '/healthz',
  '/readyz/x',
  '/%72eadyz',
  '/metrics',
  '/%68ealthz',
  '/metrics/x',
  '//healthz',
  '///metrics',
  '/%2Fmetrics',
  '/%5Cmetrics',
])('%s is not routed', async path => {
  const response = await fetch(base + path)
  expect(response.status).toBe(404)
  expect(Problem.parse(await response.json()).code).toBe('not_found')
})

test('hands a request on by the path that it was routed by, whatever its target and host are', async () => {
  const read = new Elysia()
    .onError(({ code }) => code)
    .get('/metrics', () => 'metrics')
    .all('/*', ({ body, path }) => `${path} ${body}`)
  const query = (request: Request) => read.handle(request)
  const other = startGateway({ port: 0, host: HOST, upstreams: { query, ingest: base } })
  const request = async (start: string, rest = '\r\n') => {
    const socket = connect(other.port, HOST)
    socket.end(`${start} HTTP/1.1\r\nConnection: close\r\n${rest}`)
    return (await new Response(socket).text()).split('\r\n\r\n')[1]
  }
  expect(await request('GET http://a/bc/metrics', 'Host: localhost\r\n\r\n')).toStartWith('/bc/metrics')
  expect(await request('GET http://xyz?/metrics', 'Host: localhost\r\n\r\n')).not.toContain('metrics')
  expect(await request('GET /bc/metrics', 'Host: a\r\n\r\n')).toStartWith('/bc/metrics')
  const upload = 'Host: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi'
  expect(await request('POST /api/bc', upload)).toStartWith('/api/bc hi')
  await other.closeConnections()
})

test('forwards a path that cannot be decoded to query', async () => {
  expect((await fetch(`${base}/media/%zz`)).status).toBe(200)
})

test('forwards paths that are neither API nor media to the UI server, if there is one', async () => {
  const ui = Bun.serve({ port: 0, hostname: HOST, fetch: () => new Response('ui') })
  const upstreams = { query: `http://${HOST}:${service.port}`, ingest: '', ui: `http://${HOST}:${ui.port}` }
  const dev = startGateway({ port: 0, host: HOST, upstreams })
  const paths = [
    '/',
    '/src/main.tsx',
    '/apiary',
    '/api/models',
    '/media/x',
    '/openapi.json',
    '/openapi',
    '/openapi/x.js',
  ]
  const texts = await Promise.all(paths.map(async path => (await fetch(`http://${HOST}:${dev.port}${path}`)).text()))
  expect(texts).toEqual([
    'ui',
    'ui',
    'ui',
    'query /api/models',
    'query /media/x',
    'query /openapi.json',
    'query /openapi',
    'query /openapi/x.js',
  ])
  await dev.closeConnections()
  await ui.stop(true)
})

test('stopListening refuses new connections and leaves open ones; closeConnections closes them', async () => {
  const upstreams = { query: `http://${HOST}:${service.port}`, ingest: '' }
  const other = startGateway({ port: 0, host: HOST, upstreams })
  const address = `http://${HOST}:${other.port}`
  const response = await fetch(`${address}/api/forever`)
  const reader = response.body?.getReader()
  await reader?.read()
  other.stopListening()
  const refused = await fetch(`${address}/api/headers`, { keepalive: false }).catch(() => 'refused')
  expect(refused).toBe('refused')
  const next = reader?.read().then(
    () => 'ended',
    () => 'ended',
  )
  await other.closeConnections()
  expect(await next).toBe('ended')
})
