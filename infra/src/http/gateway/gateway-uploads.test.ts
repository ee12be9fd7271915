import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { createLog } from '../../log.ts'
import { createMetrics } from '../../metrics.ts'
import { createHttpApp } from '../app.ts'
import type { Form } from '../body/form-body.ts'
import { CLIENT_HEADER } from '../client-address.ts'
import { LOCAL_OWNER } from '../identity.ts'
import { type Gateway, startGateway } from './gateway.ts'

/** Uploads through the gateway and at a service's own port, while others send theirs slowly or not at all. */

const HOST = '127.0.0.1'
const MIB = 1024 * 1024
const SECRET = 'between-gateway-and-services'

let service: ReturnType<typeof startService>
let gateway: Gateway
let ownGateway: Gateway
let ports: Record<string, number>

beforeAll(() => {
  service = startService()
  const port = service.server?.port ?? 0
  const upstreams = { ingest: `http://${HOST}:${port}`, query: `http://${HOST}:${port}` }
  gateway = startGateway({ port: 0, host: HOST, upstreams, secret: SECRET, idleTimeoutSeconds: 1 })
  const own = { ...upstreams, query: service.fetch }
  ownGateway = startGateway({ port: 0, host: HOST, upstreams: own, secret: SECRET, idleTimeoutSeconds: 1 })
  ports = {
    'through the gateway': gateway.port,
    'through a gateway in the process of the service': ownGateway.port,
    "at the service's port": port,
  }
})

afterAll(async () => {
  await gateway.closeConnections()
  await ownGateway.closeConnections()
  await service.stop(true)
})

for (const way of ['through the gateway', 'through a gateway in the process of the service', "at the service's port"]) {
  test(`two uploads that declare more than there is and then drip are in nobody's way, ${way}`, async () => {
    const dripping = [60 * MIB, 60 * MIB].map(length => drip(ports[way] ?? 0, length, 1_000))
    await Promise.all(dripping.map(({ connected }) => connected))
    for (const _ of [1, 2, 3]) expect(await upload(ports[way] ?? 0, 8 * MIB)).toBe(200)
    for (const { socket } of dripping) socket.destroy()
  })
}

test('uploads that pause with all the memory give way to one that sends', async () => {
  const paused = Array.from({ length: 8 }, () => drip(gateway.port, 9 * MIB, 7.9 * MIB))
  await Promise.all(paused.map(({ connected }) => connected))
  await waitForBodyBytes(bytes => bytes > 60 * MIB)
  // Their speed is that of the last five seconds.
  await Bun.sleep(6_000)
  expect(await upload(gateway.port, 4 * MIB)).toBe(200)
  const evicted = await Promise.race(paused.map(({ answered }) => answered))
  expect(evicted).toMatch(/^HTTP\/1.1 503 [\s\S]*too slowly/)
  expect(paused.filter(({ received }) => received() !== '')).toHaveLength(1)
  for (const { socket } of paused) socket.destroy()
  await waitForBodyBytes(bytes => bytes === 0)
})

test('a service believes only the gateway about the address of a client', async () => {
  const forged = {
    [CLIENT_HEADER]: `${SECRET} 192.0.2.9`,
    'x-forwarded-for': '192.0.2.9',
    forwarded: 'for=192.0.2.9',
    'x-real-ip': '192.0.2.9',
  }
  const response = await fetch(`http://${HOST}:${gateway.port}/api/headers`, { headers: { ...forged, host: HOST } })
  const headers = (await response.json()) as Record<string, string>
  expect(headers[CLIENT_HEADER]).toBe(`${SECRET} ${HOST}`)
  expect(JSON.stringify(headers)).not.toContain('192.0.2.9')
})

test('a gateway in the process of query believes nobody about the address of a client', async () => {
  const forged = { [CLIENT_HEADER]: `wrong 192.0.2.9`, 'x-forwarded-for': '192.0.2.9' }
  const response = await fetch(`http://${HOST}:${ownGateway.port}/api/client`, { headers: { ...forged, host: HOST } })
  expect(await response.text()).toBe(HOST)
})

test('the gateway closes a connection without a request, after a response, and after an upload that was refused half-way', async () => {
  const half = 'HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"a'
  const requests = [
    '',
    `GET /api/headers HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    `GET /api/headers HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
    `GET /api/stream HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    `GET /metrics HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    `POST /api/nothing ${half}`,
    `POST /api/uploads ${half}`,
    `GET /api/headers ${half}`,
  ]
  await Promise.all([
    ...[gateway, ownGateway].flatMap(({ port }) => requests.map(request => waitForClose(request, 60_000, port))),
    // A head that never ends, and a body that goes on after its refusal.
    waitForClose(`GET /api/headers HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow: `, 1_000),
    waitForClose(`POST /api/nothing ${half}`, 200),
  ])
})

test('a body that the service does not read waits with its sender, not in the gateway', async () => {
  const before = process.memoryUsage().rss
  const socket = connect(gateway.port, HOST)
  socket.on('error', () => {})
  const length = 300 * MIB
  socket.write(
    `POST /api/unread HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n`,
  )
  socket.write(`X-Length: ${length}\r\n\r\n`)
  for (let sent = 0; sent < 30 && socket.writableLength < 4 * MIB; sent++) socket.write(new Uint8Array(MIB))
  await Bun.sleep(500)
  expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(100)
  socket.destroy()
})

/** Starts a service with 64 MiB for bodies that takes uploads. */
function startService() {
  const rules = { access: 'workspace' } as const
  return createHttpApp(
    {
      config: { PORT: 3000, PUBLIC_URL: `http://${HOST}`, BODY_MEMORY_MB: 64, GATEWAY_SECRET: SECRET },
      log: createLog({ service: 'test', level: 'silent' }),
      metrics: createMetrics('test'),
      checks: {},
      identify: async () => LOCAL_OWNER,
      stopping: new AbortController().signal,
      idleSeconds: 1,
    },
    {
      'POST /api/uploads': { ...rules, body: { kind: 'form', maxBytes: 64 * MIB } },
      'GET /api/headers': rules,
      'GET /api/stream': rules,
      'GET /api/client': rules,
    },
  )
    .post('/api/uploads', ({ body }) => String((body as Form).fields[0]?.bytes.byteLength))
    .get('/api/headers', ({ request }) => Object.fromEntries(request.headers))
    .get('/api/client', ({ client }) => client)
    .get('/api/stream', () => new Response(new ReadableStream({ start: controller => controller.close() })))
    .listen({ port: 0, hostname: HOST, idleTimeout: 1, maxRequestBodySize: 400 * MIB })
}

/** Begins an upload: sends the first bytes of it, then a byte each half second. */
function drip(port: number, length: number, first: number) {
  const { promise: connected, resolve } = Promise.withResolvers<void>()
  const { promise: answered, resolve: onAnswer } = Promise.withResolvers<string>()
  let text = ''
  const socket: Socket = connect(port, HOST, () => {
    const type = 'Content-Type: multipart/form-data; boundary=x'
    socket.write(`POST /api/uploads HTTP/1.1\r\nHost: ${HOST}\r\n${type}\r\nContent-Length: ${length}\r\n\r\n`)
    socket.write(new Uint8Array(first), () => resolve())
  })
  const timer = setInterval(() => socket.write('x'), 500)
  socket.on('data', data => {
    text += data
    if (text.includes('}')) onAnswer(text)
  })
  socket.on('error', () => {})
  socket.on('close', () => clearInterval(timer))
  return { socket, connected, answered, received: () => text }
}

async function upload(port: number, bytes: number): Promise<number> {
  const form = new FormData()
  form.append('file', new File([new Uint8Array(bytes)], 'a.png'))
  const response = await fetch(`http://${HOST}:${port}/api/uploads`, {
    method: 'POST',
    body: form,
    headers: { host: HOST },
    // The service closes an idle connection after a second, in which the next upload may be sent.
    keepalive: false,
  })
  await response.text()
  return response.status
}

async function waitForBodyBytes(isReached: (bytes: number) => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
  for (;;) {
    const url = `http://${HOST}:${service.server?.port}/metrics`
    const text = await (await fetch(url, { headers: { host: HOST } })).text()
    if (isReached(Number(/^http_body_bytes\{.*\} (\S+)$/m.exec(text)?.[1]))) return
    deadline.throwIfAborted()
    await Bun.sleep(50)
  }
}

/** Sends text to the gateway, then a byte each `interval`, until the gateway closes the connection. */
async function waitForClose(text: string, interval: number, port = gateway.port): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect(port, HOST, () => socket.write(text)).resume()
  const timer = setInterval(() => socket.write('x'), interval)
  socket.on('error', () => {})
  socket.on('close', () => resolve())
  await promise.finally(() => clearInterval(timer))
}
