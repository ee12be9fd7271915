import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { Problem } from '@darkroom/contracts/problem'
import { serveTestApp } from '../app.fixture.ts'
import { type Gateway, startGateway } from './gateway.ts'

/** One connection for several requests, of which the first is refused: what is left of it is not taken for the next one. */

const HOST = '127.0.0.1'
const JSON_TYPE = 'Content-Type: application/json\r\n'
let service: ReturnType<typeof serveTestApp>
let gateway: Gateway
let ownGateway: Gateway
let ports: Record<string, number>

beforeAll(() => {
  service = serveTestApp()
  const url = `http://${HOST}:${service.port}`
  gateway = startGateway({ port: 0, host: HOST, upstreams: { ingest: url, query: url } })
  ownGateway = startGateway({ port: 0, host: HOST, upstreams: { ingest: url, query: service.handle } })
  ports = {
    'through the gateway': gateway.port,
    'through a gateway in the process of the service': ownGateway.port,
    "at the service's port": service.port,
  }
})
afterAll(async () => {
  await gateway.closeConnections()
  await ownGateway.closeConnections()
  await service[Symbol.asyncDispose]()
})

const head = (line: string, headers = '') => `${line} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
const post = (path: string, body: string, headers = JSON_TYPE) =>
  head(`POST ${path}`, `${headers}Content-Length: ${body.length}\r\n`) + body
const NEXT = head('GET /hello')
const LARGE = 'x'.repeat(100_000)

const REQUESTS: [string, string, number][] = [
  ['without a route', post('/nowhere', '{"a":'), 404],
  ['with another method', post('/hello', '{}'), 405],
  ['with the method OPTIONS', head('OPTIONS /hello'), 405],
  ['of another site', post('/echo', '{"a":"b"}', `${JSON_TYPE}Origin: http://evil.example\r\n`), 403],
  ['of another type', post('/any', 'text', 'Content-Type: text/plain\r\n'), 415],
  ['that is no JSON', post('/echo', '{"a":'), 400],
  ['with a wrong field', post('/echo', '{"a":1}'), 422],
  ['with a body that is declared too large', post('/any', LARGE), 413],
  [
    'with a body that turns out too large',
    `${head('POST /any', `${JSON_TYPE}Transfer-Encoding: chunked\r\n`)}186a0\r\n${LARGE}\r\n0\r\n\r\n`,
    413,
  ],
  ['with a body of GET', `${head('GET /hello', 'Content-Length: 3\r\n')}abc`, 200],
  ['HEAD', head('HEAD /hello'), 200],
  ['that is good', post('/echo', '{"a":"b"}'), 200],
]

for (const way of ['through the gateway', 'through a gateway in the process of the service', "at the service's port"]) {
  test.each(REQUESTS)(`the next request after one %s is answered, ${way}`, async (name, request, status) => {
    await using client = await openClient(ports[way] ?? 0)
    client.write(request)
    const first = await client.read(name === 'HEAD')
    expect([first.status, first.closes]).toEqual([status, false])
    client.write(NEXT)
    expect(await client.read()).toMatchObject({ status: 200, body: 'hello' })
  })

  test(`a client that waits for the word to send its body is given it, ${way}`, async () => {
    await using client = await openClient(ports[way] ?? 0)
    client.write(head('POST /echo', `${JSON_TYPE}Expect: 100-continue\r\nContent-Length: 9\r\n`))
    expect((await client.read()).status).toBe(100)
    client.write('{"a":"b"}')
    expect(await client.read()).toMatchObject({ status: 200, body: '{"a":"b"}' })
    client.write(NEXT)
    expect((await client.read()).status).toBe(200)
  })

  test(`a body that is refused before it has arrived does not hold up its answer, ${way}`, async () => {
    await using client = await openClient(ports[way] ?? 0)
    client.write(head('POST /any', `${JSON_TYPE}Content-Length: ${LARGE.length}\r\n`))
    expect((await client.read()).status).toBe(413)
    client.write(LARGE)
    client.write(NEXT)
    expect((await client.read()).status).toBe(200)
  })
}

test('HEAD of what has no end says no length, and the next request is answered', async () => {
  for (const port of Object.values(ports)) {
    await using client = await openClient(port)
    client.write(head('HEAD /endless'))
    const { status, headers } = await client.read(true)
    expect([status, /^transfer-encoding: chunked/im.test(headers), /^content-length/im.test(headers)]).toEqual([
      200,
      true,
      false,
    ])
    client.write(NEXT)
    expect((await client.read()).status).toBe(200)
  }
})

test('a refusal of a method names those that there are', async () => {
  const response = await fetch(`http://${HOST}:${gateway.port}/any`, {
    method: 'PATCH',
    headers: { host: 'localhost' },
  })
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, POST, PUT'])
})

test('what even the server of a service does not take is refused with a sentence', async () => {
  await using client = await openClient(gateway.port)
  client.write(head('POST /any', `${JSON_TYPE}Content-Length: 900000000\r\n`))
  const { status, body } = await client.read()
  expect([status, Problem.parse(JSON.parse(body)).code]).toEqual([413, 'too_large'])
})

test('requests that are sent at once are answered in their order, at the port of a service', async () => {
  await using client = await openClient(service.port)
  client.write(post('/echo', '{"a":"1"}') + NEXT + post('/nowhere', '{}') + NEXT)
  const statuses = [await client.read(), await client.read(), await client.read(), await client.read()]
  expect(statuses.map(({ status }) => status)).toEqual([200, 200, 404, 200])
})

/** Opens a connection on which responses are read one after another, by their lengths. */
async function openClient(port: number) {
  let [received, isClosed] = ['', false]
  let changed = Promise.withResolvers<void>()
  const socket = connect(port, HOST).setEncoding('latin1')
  const note = () => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  socket.on('data', (text: string) => {
    received += text
    note()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
    note()
  })
  /** Waits for a part of a certain length, which is undefined while it is not known, and takes it. */
  const take = async (findLength: () => number | undefined) => {
    for (;;) {
      const length = findLength()
      if (length !== undefined && received.length >= length) {
        const taken = received.slice(0, length)
        received = received.slice(length)
        return taken
      }
      if (isClosed) throw new Error(`the connection was closed after ${JSON.stringify(received)}`)
      await changed.promise
    }
  }
  return {
    write: (text: string) => socket.write(text, 'latin1'),
    read: async (isHead = false) => {
      const headers = await take(() => (received.includes('\r\n\r\n') ? received.indexOf('\r\n\r\n') + 4 : undefined))
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1])
      const length = isHead || status === 100 ? 0 : Number(/^content-length: (\d+)/im.exec(headers)?.[1] ?? 0)
      return { status, headers, body: await take(() => length), closes: /^connection: close/im.test(headers) }
    },
    [Symbol.asyncDispose]: async () => void socket.destroy(),
  }
}
