import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import { findFreePorts } from '../../local/process/free-ports.ts'
import { withConnection } from '../../src/database/with-connection.ts'
import { createTestModel } from '../data/test-model.ts'
import { runHealthCheck } from '../health-check.ts'
import { openEventStream } from '../sse-reader.ts'
import { createTestDatabase, createTestDirectory } from '../test-resources.ts'
import { waitFor } from '../wait-for.ts'
import { startServiceProcess } from './service-process.ts'
import { createServiceUrls } from './service-roles.ts'
import { createTestEnv } from './test-env.ts'
import { waitUntilLeaving } from './wait-until-leaving.ts'

/** Readiness of services whose servers are away. Nothing listens on the port `away`. */

const HOST = { host: 'localhost:3000' }
/** From then on a stop signal is a second one. */
const SECOND_SIGNAL_MS = 1_600

const stack = new AsyncDisposableStack()
let env: Record<string, string>
let urls: Record<Service, string>
let port: number
let away: number
let lines: string[] = []

beforeAll(async () => {
  const directory = stack.use(await createTestDirectory())
  const database = stack.use(await createTestDatabase())
  urls = await createServiceUrls(database.url)
  await withConnection(database.url, async sql => {
    const model = createTestModel({ id: 'm', name: 'M', connection: 'p' })
    await sql`insert into models (id, provider, position, capability) values ('m', 'p', 0, ${sql.json({ ...model })})`
  })
  const [own = 0, closed = 0] = await findFreePorts(2)
  port = own
  away = closed
  env = {
    ...createTestEnv({ dataDir: join(directory.path, 'data'), port: 3000 }),
    PATH: process.env.PATH ?? '',
    NATS_URL: `nats://127.0.0.1:${away}`,
    S3_ENDPOINT: `http://127.0.0.1:${away}`,
    S3_ACCESS_KEY_ID: 'key',
    S3_SECRET_ACCESS_KEY: 'secret',
  }
})
afterAll(() => stack.disposeAsync())

function start(service: 'ingest' | 'query', own: Record<string, string> = {}) {
  lines = []
  const output = { onLine: (line: string) => void lines.push(line) }
  return startServiceProcess({ service, port, env: { ...env, DATABASE_URL: urls[service], ...own }, output })
}

test.each(['ingest', 'query'] as const)('%s is ready without the bus and without the store', async name => {
  await using service = start(name, { STOP_TIMEOUT_SECONDS: '14' })
  await service.waitUntilReady()
  const readiness = await (await fetch(`${service.url}/readyz`)).json()
  const engines = { bus: 'failing', store: 'failing' }
  expect(readiness).toEqual({ ready: true, checks: { database: 'ok' }, engines })
  expect(await runHealthCheck({ [`${name.toUpperCase()}_PORT`]: String(port) })).toBe(0)
  const warning = lines.find(line => line.includes('stop_timeout_too_short'))
  expect(JSON.parse(warning ?? '{}')).toMatchObject({ level: 'warn', seconds: 14, needed: 15 })
})

test('a query that is told to stop answers until its delay is over, and a second signal ends the delay', async () => {
  await using service = start('query', { SHUTDOWN_DELAY_SECONDS: '60' })
  await service.waitUntilReady()
  const closed = Promise.withResolvers<string>()
  let isStreamOpen = true
  const onClose = () => {
    isStreamOpen = false
    closed.resolve('closed')
  }
  const stream = await openEventStream({ port, headers: HOST, onEvent: () => {}, onClose })
  process.kill(service.child.pid, 'SIGTERM')
  const signalledAt = performance.now()
  await waitUntilLeaving(service)
  const answer = await fetch(`${service.url}/api/generations`, { headers: HOST })
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
  expect(await runHealthCheck({ QUERY_PORT: String(port) })).toBe(1)
  // A signal that comes sooner is the first one again.
  await waitFor('the second signal', 60_000, async () => performance.now() - signalledAt > SECOND_SIGNAL_MS)
  expect([isStreamOpen, service.child.isRunning()]).toEqual([true, true])
  process.kill(service.child.pid, 'SIGTERM')
  expect([await closed.promise, await service.child.exited]).toEqual(['closed', 'exit 0'])
  stream.close()
})

test('an ingest that is told to stop takes submissions until its delay is over, and ends', async () => {
  await using service = start('ingest', { SHUTDOWN_DELAY_SECONDS: '8' })
  await service.waitUntilReady()
  process.kill(service.child.pid, 'SIGTERM')
  await waitUntilLeaving(service)
  const body = JSON.stringify({ clientId: crypto.randomUUID(), prompt: 'sea', model: 'm' })
  const headers = { ...HOST, 'content-type': 'application/json' }
  const answer = await fetch(`${service.url}/api/generate`, { method: 'POST', headers, body })
  expect([answer.status, answer.headers.get('connection')]).toEqual([202, 'close'])
  expect(await service.child.exited).toBe('exit 0')
})

test('a database that refuses is logged with its address and without its password', async () => {
  await using _service = start('ingest', {
    DATABASE_URL: `postgres://darkroom:not-for-logs@127.0.0.1:${away}/darkroom`,
  })
  await waitFor('the log line', 60_000, async () => lines.some(line => line.includes('database_unreachable')))
  const line = JSON.parse(lines.find(line => line.includes('database_unreachable')) ?? '{}')
  expect(line).toMatchObject({ level: 'warn', msg: 'database_unreachable', host: '127.0.0.1', port: String(away) })
  expect(lines.join('\n')).not.toContain('not-for-logs')
  expect(await runHealthCheck({ INGEST_PORT: String(port) })).toBe(1)
})
