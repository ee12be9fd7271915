import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { Generation } from '@darkroom/contracts/generation'
import { LIMITS } from '@darkroom/contracts/limits'
import { StudioReadiness } from '@darkroom/contracts/parts'
import { Problem } from '@darkroom/contracts/problem'
import { Reference } from '@darkroom/contracts/reference'
import { INGEST_PREFIXES, resolveService } from '@darkroom/contracts/routes'
import sharp from 'sharp'
import { findFreePorts } from '../local/process/free-ports.ts'
import { AWAY_MESSAGES } from '../src/http/gateway/gateway-responses.ts'
import { closeServer, listenLocally } from '../testing/local-server.ts'
import { startCaddy } from '../testing/studio/caddy-process.ts'
import { startTestStudio, type TestStudio } from '../testing/studio/test-studio.ts'
import { waitFor } from '../testing/wait-for.ts'

/** Requests to a studio's services through a real Caddy with the server configuration. */

const AWAY_MS = 60_000

const stack = new AsyncDisposableStack()
let port: number
let queryPort: number
let ingestPort: number
let studio: TestStudio
let completed: Generation
let events: AsyncGenerator<string>
let received = ''

beforeAll(async () => {
  const [gateway = 0, ingest = 0, query = 0] = await findFreePorts(3)
  port = gateway
  queryPort = query
  ingestPort = ingest
  const settings = { PUBLIC_URL: toUrl(port), INGEST_PORT: String(ingest), QUERY_PORT: String(query) }
  stack.use(await startCaddy({ port, ingest: [toHost(ingest)], query: [toHost(query)] }))
  studio = stack.use(await startTestStudio(settings))
  // Caddy looks once a second whether a service is there, and has looked when they were not.
  const isThere = async () => (await studio.fetch('/api/generate')).status !== 503
  await waitFor('A look at ingest', AWAY_MS, isThere)
})
afterAll(() => stack.disposeAsync())

test('serves the page compressed, with the headers of query', async () => {
  const page = await studio.fetch('/', { headers: { 'accept-encoding': 'gzip' } })
  expect([page.status, page.headers.get('content-encoding')]).toEqual([200, 'gzip'])
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  const [, script = ''] = /src="(\/assets\/index-[^"]+\.js)"/.exec(await page.text()) ?? []
  const asset = await studio.fetch(script, { headers: { 'accept-encoding': 'gzip' } })
  expect([asset.status, asset.headers.get('content-encoding')]).toEqual([200, 'gzip'])
  expect(asset.headers.get('cache-control')).toContain('immutable')
})

test('forwards an event stream uncompressed and without buffering', async () => {
  const stream = await studio.fetch('/api/events', { headers: { 'accept-encoding': 'gzip, zstd' } })
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(stream.headers.get('content-encoding')).toBeNull()
  events = decodeBody(stream)
  stack.defer(async () => void (await events.return(undefined)))
  await readEventsUntil('retry: ')
  const { id } = await studio.submit({ prompt: 'dunes', model: 'demo', parameters: { numOutputs: 1, resolution: 512 } })
  await readEventsUntil(id)
  completed = await studio.waitForGeneration(id, ({ status }) => status === 'completed')
})

test('routes each path, also those with a similar prefix, as `resolveService` does', async () => {
  const [gateway = 0, closed = 0] = await findFreePorts(2)
  await using _caddy = await startCaddy({ port: gateway, ingest: [toHost(closed)], query: [toHost(queryPort)] })
  const prefixes = INGEST_PREFIXES.flatMap(prefix => [
    prefix,
    `${prefix}/x`,
    `${prefix}/`,
    `${prefix}x`,
    `${prefix}?a=/`,
  ])
  for (const path of ['/', '/api/generations', '/api/models', '/media/x', '/api', ...prefixes]) {
    const { status } = await fetch(`${toUrl(gateway)}${path}`, { headers: { host: `127.0.0.1:${port}` } })
    const service = status === 503 ? 'ingest' : 'query'
    expect({ path, service }).toEqual({ path, service: resolveService(new URL(path, studio.url).pathname) ?? 'none' })
  }
})

test('accepts a reference of several megabytes and serves it byte for byte', async () => {
  const png = await createNoiseImage(1_500)
  expect(png.byteLength).toBeGreaterThan(6_000_000)
  const form = new FormData()
  form.append('file', new File([png], 'noise.png', { type: 'image/png' }))
  const response = await studio.fetch('/api/references', { method: 'POST', body: form })
  expect(response.status).toBe(201)
  const [reference] = Reference.array().parse(await response.json())
  const stored = await studio.fetch(reference?.url ?? '')
  expect(Bun.hash(await stored.arrayBuffer())).toBe(Bun.hash(png))
  const used = await studio.submit({ prompt: 'like this', model: 'demo', referenceImages: [reference?.id ?? ''] })
  expect(used.references.map(({ id }) => id)).toEqual([reference?.id ?? null])
})

test('supports full, range, HEAD and conditional requests for an image', async () => {
  const [output] = completed.outputs
  const [url, bytes] = [output?.url ?? '', output?.bytes ?? 0]
  const whole = await studio.fetch(url, { headers: { 'accept-encoding': 'gzip' } })
  const content = await whole.bytes()
  expect([whole.status, whole.headers.get('content-encoding'), content.byteLength]).toEqual([200, null, bytes])
  const part = await studio.fetch(url, { headers: { range: 'bytes=2-5' } })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 2-5/${bytes}`])
  expect(await part.bytes()).toEqual(content.slice(2, 6))
  const head = await studio.fetch(url, { method: 'HEAD' })
  expect([head.status, (await head.bytes()).byteLength]).toEqual([200, 0])
  const etag = whole.headers.get('etag') ?? ''
  expect((await studio.fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
  expect((await studio.fetch(url, { headers: { range: `bytes=${bytes}-` } })).status).toBe(416)
})

test.each([
  '/healthz',
  '/readyz/x',
  '/metrics',
  '/metrics/x',
  '//healthz',
  '/%68ealthz',
  '/x/../metrics',
  '/x/%2e%2e/metrics',
])('%s is not routed', async path => {
  const { status, body } = await sendRawRequest(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}`)
  expect(status).toBe(404)
  expect(Problem.parse(JSON.parse(body)).code).toBe('not_found')
})

test('answers /readyz for the whole studio', async () => {
  const response = await studio.fetch('/readyz')
  expect(response.status).toBe(200)
  expect(StudioReadiness.parse(await response.json())).toMatchObject({
    ready: true,
    parts: { ingest: 'ok', processor: 'ok', query: 'ok' },
  })
})

test('forwards the Host, and the service refuses a foreign one', async () => {
  const responses = ['127.0.0.1', 'evil.example'].map(host =>
    sendRawRequest(`GET /api/models HTTP/1.1\r\nHost: ${host}:${port}`),
  )
  const [ours, foreign] = await Promise.all(responses)
  expect([ours?.status, foreign?.status]).toEqual([200, 403])
  expect(Problem.parse(JSON.parse(foreign?.body ?? '')).code).toBe('forbidden')
})

test('forwards a request id and returns it', async () => {
  const response = await studio.fetch('/api/models', { headers: { 'x-request-id': 'from-a-proxy-1' } })
  expect(response.headers.get('x-request-id')).toBe('from-a-proxy-1')
})

test("returns the service's refusal of a large body before the body has been sent", async () => {
  const head = `POST /api/generate HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json`
  const { status, body } = await sendRawRequest(`${head}\r\nContent-Length: ${LIMITS.jsonBytes + 1}`)
  expect(status).toBe(413)
  expect(Problem.parse(JSON.parse(body)).code).toBe('too_large')
})

test('the event stream of the earlier test is still open', async () => {
  const next = await studio.submit({ prompt: 'later', model: 'demo', parameters: { numOutputs: 1, resolution: 512 } })
  await readEventsUntil(next.id)
})

test('takes prompts while one of two services accepts connections and never answers', async () => {
  const silent = createServer()
  const { host: silentHost } = new URL(await listenLocally(silent, 0))
  await using _silent = { [Symbol.asyncDispose]: () => closeServer(silent) }
  const [gateway = 0] = await findFreePorts(1)
  const both = [silentHost, toHost(ingestPort)]
  await using _caddy = await startCaddy({ port: gateway, ingest: both, query: [toHost(queryPort)] })
  const statuses: number[] = []
  const submit = async () => {
    const body = JSON.stringify({ prompt: 'dunes', model: 'demo', clientId: crypto.randomUUID() })
    const headers = { host: `127.0.0.1:${port}`, 'content-type': 'application/json' }
    const { status } = await fetch(`${toUrl(gateway)}/api/generate`, { method: 'POST', headers, body })
    statuses.push(status)
    // Once it is known, nothing is sent there.
    return statuses.slice(-5).join() === '202,202,202,202,202'
  }
  await waitFor('five prompts', AWAY_MS, submit)
  expect(new Set(statuses)).toEqual(new Set([202, 503].filter(status => statuses.includes(status))))
})

test('goes on behind an address of several services, one of which is not healthy', async () => {
  const balanced = createServer(({ url }, response) => void response.writeHead(url === '/healthz' ? 503 : 200).end())
  const { host } = new URL(await listenLocally(balanced, 0))
  await using _balanced = { [Symbol.asyncDispose]: () => closeServer(balanced) }
  const [gateway = 0] = await findFreePorts(1)
  const settings = { FAIL_DURATION: '0s', HEALTH_URI: '' }
  await using _caddy = await startCaddy({ port: gateway, ingest: [host], query: [host], settings })
  // Caddy would look at it at once, and again every second.
  const until = performance.now() + 1_500
  while (performance.now() < until)
    expect((await fetch(`${toUrl(gateway)}/api/generate`, { method: 'POST' })).status).toBe(200)
})

test('answers 503 with Retry-After when the services are down', async () => {
  const [gateway = 0, closed = 0] = await findFreePorts(2)
  await using _caddy = await startCaddy({ port: gateway, ingest: [toHost(closed)], query: [toHost(closed)] })
  for (const [path, detail] of [
    ['/', AWAY_MESSAGES.query],
    ['/readyz', AWAY_MESSAGES.query],
    ['/api/generate', AWAY_MESSAGES.ingest],
    ['/api/generate/x/cancel', AWAY_MESSAGES.ingest],
  ]) {
    const response = await fetch(`${toUrl(gateway)}${path}`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(Problem.parse(await response.json())).toMatchObject({ code: 'unavailable', detail })
  }
})

/** Reads events until the text has been received. @throws if the stream ends before */
async function readEventsUntil(text: string): Promise<void> {
  while (!received.includes(text)) {
    const { value, done } = await events.next()
    if (done) throw new Error(`the event stream ended before ${JSON.stringify(text)} was received`)
    received += value
  }
}

/** Sends a request without the normalization of `fetch`. Resolves when the response has ended. */
async function sendRawRequest(head: string): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', data => {
    text += data
  })
  socket.on('close', () => resolve(text))
  socket.on('error', reject)
  socket.write(`${head}\r\nConnection: close\r\n\r\n`)
  const [top = '', body = ''] = (await promise).split('\r\n\r\n')
  return { status: Number(top.split(' ')[1]), body }
}

async function* decodeBody(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) yield decoder.decode(chunk, { stream: true })
}

function toHost(port: number): string {
  return `127.0.0.1:${port}`
}

function toUrl(port: number): string {
  return `http://127.0.0.1:${port}`
}

/** Creates a square image of random pixels, which does not compress. */
async function createNoiseImage(side: number): Promise<Buffer<ArrayBuffer>> {
  const pixels = crypto.getRandomValues(new Uint8Array(65_536))
  const raw = Buffer.alloc(side * side * 3)
  for (let at = 0; at < raw.length; at += pixels.length) raw.set(pixels.subarray(0, raw.length - at), at)
  const png = await sharp(raw, { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer()
  return Buffer.from(png)
}
