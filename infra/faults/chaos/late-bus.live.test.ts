import { expect, test } from 'bun:test'
import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { toModel } from '@darkroom/contracts/model-fields'
import type { Service } from '@darkroom/contracts/routes'
import { findFreePort } from '../../local/process/free-ports.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { createTestModel } from '../../testing/data/test-model.ts'
import { startServiceProcess } from '../../testing/studio/service-process.ts'
import { createServiceUrls } from '../../testing/studio/service-roles.ts'
import { createBusSettings } from '../../testing/studio/test-env.ts'
import { createTestDatabase, createTestDirectory, startTestNats } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'

const HOST = 'localhost:3000'

test('without a bus at start, ingest accepts and query shows; once it is up, the outbox is published', async () => {
  await using env = await openEnvWithoutBus()
  await using sql = openRows(env.DATABASE_URL)
  await sql.addModel()
  await using ingest = await env.start('ingest')
  await using query = await env.start('query')
  await Promise.all([ingest.waitUntilReady(), query.waitUntilReady()])

  const accepted = await request(ingest.url, '/api/generate', { prompt: 'while nobody listens' })
  expect(accepted.status).toBe(202)
  const { id } = Generation.parse(await accepted.json())
  const page = GenerationPage.parse(await (await request(query.url, '/api/generations')).json())
  expect(page.generations.map(generation => generation.id)).toEqual([id])
  expect(await sql.countUnpublished()).toBe(2)

  await env.nats.start()
  await waitFor('The messages', 60_000, async () => (await sql.countUnpublished()) === 0)
  expect([await ingest.stop(), await query.stop()]).toEqual(['exit 0', 'exit 0'])
})

test('without a bus services stop in order, and the processor is never ready', async () => {
  await using env = await openEnvWithoutBus()
  await using ingest = await env.start('ingest')
  await using processor = await env.start('processor')
  await ingest.waitUntilReady()
  // Once the processor logs that the bus is unreachable its signal handlers are installed.
  expect(await processor.firstLine).toContain('bus_unreachable')
  expect((await request(processor.url, '/readyz').catch(() => undefined))?.ok ?? false).toBe(false)
  expect([await ingest.stop(), await processor.stop()]).toEqual(['exit 0', 'exit 0'])
})

/** Opens a database and a folder for services, and a bus that is stopped. */
async function openEnvWithoutBus() {
  await using stack = new AsyncDisposableStack()
  const nats = stack.use(await startTestNats())
  await nats.stop()
  const database = stack.use(await createTestDatabase())
  const directory = stack.use(await createTestDirectory())
  const urls = await createServiceUrls(database.url)
  const bus = createBusSettings(nats.urls)
  const settings = { DATABASE_URL: database.url, ...bus, DATA_DIR: directory.path, LOG_LEVEL: 'warn' }
  const disposables = stack.move()
  return {
    ...settings,
    nats,
    start: (service: Service) => startService(service, { ...settings, DATABASE_URL: urls[service] }),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function startService(service: Service, settings: Record<string, string>) {
  const firstLine = Promise.withResolvers<string>()
  const started = startServiceProcess({
    service,
    port: await findFreePort(),
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'test', ...settings },
    output: { onLine: firstLine.resolve },
    isProduction: true,
  })
  void started.child.exited.then(() => firstLine.resolve(''))
  return { ...started, firstLine: firstLine.promise }
}

async function request(url: string, path: string, body?: object): Promise<Response> {
  const post = { method: 'POST', body: JSON.stringify(body) }
  const headers = { host: HOST, ...(body ? { 'content-type': 'application/json' } : {}) }
  return await fetch(`${url}${path}`, { headers, ...(body ? post : {}) })
}

function openRows(url: string) {
  const sql: Database = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  return {
    addModel: async () => {
      await sql`insert into models (id, provider, position, capability) values ('demo', 'demo', 0, ${sql.json(MODEL)})`
    },
    countUnpublished: async () => {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from outbox where published_at is null`
      return row?.count ?? -1
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  }
}

const MODEL = toModel(createTestModel({ id: 'demo', name: 'Demo', connection: 'demo', maxOutputs: 1 }))
