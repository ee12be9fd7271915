import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'
import { findFreePorts } from '../../local/process/free-ports.ts'
import { createTestDatabase, createTestDirectory } from '../test-resources.ts'
import { waitFor } from '../wait-for.ts'
import { startServiceProcess } from './service-process.ts'
import { createServiceUrls } from './service-roles.ts'
import { createTestEnv } from './test-env.ts'

/** Readiness of services whose servers are away. Nothing listens on the port `away`. */

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
  await using service = start(name)
  await service.waitUntilReady()
  const readiness = await (await fetch(`${service.url}/readyz`)).json()
  expect(readiness).toEqual({ ready: true, checks: { database: 'ok' } })
})

test('a database that refuses is logged with its address and without its password', async () => {
  await using _service = start('ingest', {
    DATABASE_URL: `postgres://darkroom:not-for-logs@127.0.0.1:${away}/darkroom`,
  })
  await waitFor('the log line', 20_000, async () => lines.some(line => line.includes('database_unreachable')))
  const line = JSON.parse(lines.find(line => line.includes('database_unreachable')) ?? '{}')
  expect(line).toMatchObject({ level: 'warn', msg: 'database_unreachable', host: '127.0.0.1', port: String(away) })
  expect(lines.join('\n')).not.toContain('not-for-logs')
})
