import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Problem } from '@darkroom/contracts/problem'
import { findFreePort } from '../process/free-ports.ts'
import { type Gateway, startGateway } from './gateway.ts'

const HOST = '127.0.0.1'
const left = Promise.withResolvers<string>()
const waiting = Promise.withResolvers<void>()
const leftEarly = Promise.withResolvers<string>()
const streaming = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>()

/** What the service behind the gateway does at each path. */
const ROUTES: Record<string, (request: Request) => Response | Promise<Response>> = {
  '/api/echo': async request => new Response(await request.arrayBuffer()),
  '/api/headers': request => Response.json(Object.fromEntries(request.headers)),
  '/api/gzip': () => new Response(Bun.gzipSync('squeezed'), { headers: { 'content-encoding': 'gzip' } }),
  '/api/moved': () => new Response(null, { status: 302, headers: { location: 'http://elsewhere.example/x' } }),
  '/api/part': () => new Response('ll', { status: 206, headers: { 'content-range': 'bytes 2-3/5' } }),
  '/api/hop': () => new Response('x', { headers: { 'keep-alive': 'timeout=5', 'x-kept': 'yes' } }),
  '/api/early': () => new Response('too large', { status: 413 }),
  '/api/slow': () => new Response(new ReadableStream({ start: streaming.resolve })),
  '/api/never': request => {
    request.signal.addEventListener('abort', () => leftEarly.resolve('left'))
    waiting.resolve()
    return new Promise(() => {})
  },
  '/api/forever': request => {
    request.signal.addEventListener('abort', () => left.resolve('left'))
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
  gateway = startGateway({ port: 0, host: HOST, upstreams, idleTimeoutSeconds: 1 })
  base = `http://${HOST}:${gateway.port}`
})

afterAll(async () => {
  await gateway.closeConnections()
  await service.stop(true)
})

test('hands on the path and the query as they came', async () => {
  expect(await (await fetch(`${base}/media/a%20b?x=%2F&y`)).text()).toBe('query /media/a%20b?x=%2F&y')
})

test('a body goes through both ways byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 60_000 }, (_, index) => index * 31)
  const answer = await fetch(`${base}/api/echo`, { method: 'POST', body: bytes })
  expect(await answer.bytes()).toEqual(bytes)
})

test('keeps Host, Origin and a declared length, and drops what is about one connection', async () => {
  const headers = { host: 'studio.example', origin: 'http://studio.example', te: 'trailers', 'x-mine': 'yes' }
  const seen = await (await fetch(`${base}/api/headers`, { method: 'POST', body: 'hello', headers })).json()
  expect(seen).toMatchObject({
    host: 'studio.example',
    origin: 'http://studio.example',
    'content-length': '5',
    'x-mine': 'yes',
  })
  expect(seen).not.toHaveProperty('te')
  const answer = await fetch(`${base}/api/hop`)
  expect(answer.headers.get('x-kept')).toBe('yes')
  expect(answer.headers.has('keep-alive')).toBe(false)
})

test('asks for no compression that the reader did not ask for', async () => {
  const socket = connect(gateway.port, HOST)
  socket.end(`GET /api/headers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  expect(await new Response(socket).text()).not.toContain('accept-encoding')
})

test('what no service can be told is for its sender to mend, and no sign that a service is down', async () => {
  const socket = connect(gateway.port, HOST)
  const lengths = 'Content-Length: 2\r\nContent-Length: 2\r\n'
  socket.end(`POST /api/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lengths}\r\n{}`)
  expect(await new Response(socket).text()).toStartWith('HTTP/1.1 400 ')
})

test('what is compressed stays compressed', async () => {
  const answer = await fetch(`${base}/api/gzip`, { decompress: false })
  expect(answer.headers.get('content-encoding')).toBe('gzip')
  expect(Buffer.from(Bun.gunzipSync(await answer.arrayBuffer())).toString()).toBe('squeezed')
})

test('a redirection is for the reader', async () => {
  const answer = await fetch(`${base}/api/moved`, { redirect: 'manual' })
  expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://elsewhere.example/x'])
})

test('an answer that says how long it is says so to the reader', async () => {
  const answer = await fetch(`${base}/api/part`)
  expect(answer.headers.get('content-length')).toBe('2')
})

test('a part of a file stays a part', async () => {
  const answer = await fetch(`${base}/api/part`)
  expect([answer.status, answer.headers.get('content-range')]).toEqual([206, 'bytes 2-3/5'])
})

test('a refusal comes back before the body has been sent', async () => {
  const never = new ReadableStream({ start: controller => controller.enqueue(new Uint8Array(1_000)) })
  const signal = AbortSignal.timeout(4_000)
  expect((await fetch(`${base}/api/early`, { method: 'POST', body: never, signal })).status).toBe(413)
})

test('a stream that is silent for longer than a connection may be is not cut', async () => {
  const asked = fetch(`${base}/api/slow`)
  const controller = await streaming.promise
  controller.enqueue(Buffer.from('a'))
  const answer = await asked
  const reader = answer.body?.getReader()
  const text = async () => Buffer.from((await reader?.read())?.value ?? []).toString()
  expect(await text()).toBe('a')
  // Bun looks for idle connections every four seconds.
  await Bun.sleep(8_500)
  controller.enqueue(Buffer.from('b'))
  expect(await text()).toBe('b')
  controller.close()
  expect((await reader?.read())?.done).toBe(true)
}, 15_000)

test('a reader who goes away in the middle of an answer is gone for the service as well', async () => {
  const leaving = new AbortController()
  const answer = await fetch(`${base}/api/forever`, { signal: leaving.signal })
  await answer.body?.getReader().read()
  leaving.abort()
  expect(await left.promise).toBe('left')
})

test('so is one who goes away before there is an answer', async () => {
  const leaving = new AbortController()
  const asked = fetch(`${base}/api/never`, { signal: leaving.signal }).catch(() => 'gone')
  await waiting.promise
  leaving.abort()
  expect(await asked).toBe('gone')
  expect(await leftEarly.promise).toBe('left')
})

test('a service that dies in the middle of an answer breaks it off: half a file must not pass for a whole one', async () => {
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

test('a service that is down is a 503 that says when to try again', async () => {
  const answer = await fetch(`${base}/api/generate`, { method: 'POST', body: '{}' })
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(Problem.parse(await answer.json()).code).toBe('unavailable')
})

test.each([
  '/healthz',
  '/readyz',
  '/metrics',
  '/%68ealthz',
  '/metrics/x',
  '//readyz',
  '///metrics',
  '/%2Fmetrics',
  '/%5Cmetrics',
])('%s is not routed', async path => {
  const answer = await fetch(base + path)
  expect(answer.status).toBe(404)
  expect(Problem.parse(await answer.json()).code).toBe('not_found')
})

test('a path that is not decodable goes to query, who judges it', async () => {
  expect((await fetch(`${base}/media/%zz`)).status).toBe(200)
})

test('with a server for the interface, that has what is neither API nor media', async () => {
  const ui = Bun.serve({ port: 0, hostname: HOST, fetch: () => new Response('ui') })
  const upstreams = { query: `http://${HOST}:${service.port}`, ingest: '', ui: `http://${HOST}:${ui.port}` }
  const dev = startGateway({ port: 0, host: HOST, upstreams })
  const paths = ['/', '/src/main.tsx', '/apiary', '/api/models', '/media/x', '/openapi.json']
  const texts = await Promise.all(paths.map(async path => (await fetch(`http://${HOST}:${dev.port}${path}`)).text()))
  expect(texts).toEqual(['ui', 'ui', 'ui', 'query /api/models', 'query /media/x', 'query /openapi.json'])
  await dev.closeConnections()
  await ui.stop(true)
})

test('close takes no new connection and lets what is under way end; cut ends it', async () => {
  const upstreams = { query: `http://${HOST}:${service.port}`, ingest: '' }
  const other = startGateway({ port: 0, host: HOST, upstreams })
  const address = `http://${HOST}:${other.port}`
  const answer = await fetch(`${address}/api/forever`)
  const reader = answer.body?.getReader()
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
