import { afterAll, expect, test } from 'bun:test'
import { StudioReadiness } from '@darkroom/contracts/parts'
import { createEngineReader } from '@darkroom/infra/http/readiness/engines'
import type { ReadinessOptions } from '@darkroom/infra/http/readiness/readiness'
import { createPartReader, readParts, respondStudioReadiness } from './parts.ts'

let status = 200
let requests: string[] = []
const service = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: request => {
    requests.push(new URL(request.url).pathname)
    return Response.json({ checks: { secret: 'postgres://user:password@host' } }, { status })
  },
})
const url = `http://127.0.0.1:${service.port}`
const closed = 'http://127.0.0.1:9'
afterAll(() => service.stop(true))

const running = new AbortController().signal
const good = { checks: { database: async () => {} }, stopping: running }

async function readStudio(
  urls: { ingest: string | undefined; processor: string | undefined },
  options: ReadinessOptions = good,
) {
  const response = await respondStudioReadiness(createPartReader(urls), options)
  return { status: response.status, ...StudioReadiness.parse(await response.json()) }
}

test('reports a service that answers, one that is not ready and one that does not answer', async () => {
  status = 200
  expect(await createPartReader({ ingest: url, processor: closed }).read()).toEqual({ ingest: 'ok', processor: 'away' })
  status = 503
  expect(await createPartReader({ ingest: url, processor: url }).read()).toEqual({
    ingest: 'starting',
    processor: 'starting',
  })
  expect(await readParts(createPartReader({ ingest: url, processor: undefined }))).toEqual({
    ingest: 'away',
    processor: 'ok',
  })
})

test('of several services of a kind one that answers is enough', async () => {
  for (const [code, state] of [
    [200, 'ok'],
    [503, 'starting'],
  ] as const) {
    status = code
    const reader = createPartReader({ ingest: `${closed}, ${url}`, processor: `${closed},${closed}` })
    expect(await reader.read()).toEqual({ ingest: state, processor: 'away' })
  }
  status = 200
})

test('requests nothing until it is read, and once for reads at the same time', async () => {
  requests = []
  const reader = createPartReader({ ingest: url, processor: undefined })
  expect(requests).toEqual([])
  await Promise.all([reader.read(), reader.read(), reader.read()])
  expect(requests).toEqual(['/readyz'])
})

test('a studio that can be looked at is available, and names what is missing', async () => {
  status = 200
  expect(await readStudio({ ingest: url, processor: closed })).toEqual({
    status: 200,
    ready: false,
    parts: { ingest: 'ok', processor: 'away', query: 'ok' },
    checks: { database: 'ok' },
  })
  expect(await readStudio({ ingest: url, processor: url })).toMatchObject({ status: 200, ready: true })
})

test('an engine that is away leaves the studio available, and is told', async () => {
  const engines = createEngineReader({ store: () => Promise.reject(new Error('secret')), bus: async () => {} })
  expect(await readStudio({ ingest: url, processor: url }, { ...good, engines })).toEqual({
    status: 200,
    ready: false,
    parts: { ingest: 'ok', processor: 'ok', query: 'ok' },
    checks: { database: 'ok' },
    engines: { store: 'failing', bus: 'ok' },
  })
})

test('a studio without its database is unavailable', async () => {
  const checks = { database: () => Promise.reject(new Error('refused')) }
  expect(await readStudio({ ingest: url, processor: url }, { checks, stopping: running })).toEqual({
    status: 503,
    ready: false,
    parts: { ingest: 'ok', processor: 'ok', query: 'starting' },
    checks: { database: 'failing' },
  })
})
