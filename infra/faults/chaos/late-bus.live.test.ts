import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { findFreePorts } from '../../local/process/free-ports.ts'
import { forEachLine } from '../../local/process/process-output.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { createTestDatabase, createTestDirectory, startTestNats } from '../../testing/test-resources.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const HOST = 'localhost:3000'
const neverAborted = new AbortController().signal

test('while there is no bus at their start, ingest takes in and query shows; when it comes, what waited goes out', async () => {
  await using nats = await startTestNats()
  await nats.stop()
  await using database = await createTestDatabase()
  await using directory = await createTestDirectory()
  const [ingestPort = 0, queryPort = 0] = await findFreePorts(2)
  const env = {
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    DATA_DIR: directory.path,
    LOG_LEVEL: 'silent',
    INGEST_PORT: String(ingestPort),
    QUERY_PORT: String(queryPort),
  }
  await using sql = openRows(database.url)
  await sql.addModel()
  await using ingest = startService('ingest', env)
  await using query = startService('query', env)
  await Promise.all([waitUntilReady(ingestPort), waitUntilReady(queryPort)])

  const accepted = await request(ingestPort, '/api/generate', { prompt: 'while nobody listens' })
  expect(accepted.status).toBe(202)
  const { id } = Generation.parse(await accepted.json())
  const page = GenerationPage.parse(await (await request(queryPort, '/api/generations')).json())
  expect(page.generations.map(generation => generation.id)).toEqual([id])
  expect(await sql.unpublished()).toBe(2)

  await nats.start()
  const wait = { what: 'The messages', milliseconds: 20_000, signal: neverAborted }
  await waitUntil(async () => ((await sql.unpublished()) === 0 ? true : undefined), wait)
  expect([await ingest.stop(), await query.stop()]).toEqual([0, 0])
}, 90_000)

test('without a bus that never came, they stop in order all the same, and the processor was never ready', async () => {
  await using nats = await startTestNats()
  await nats.stop()
  await using database = await createTestDatabase()
  await using directory = await createTestDirectory()
  const [ingestPort = 0, processorPort = 0] = await findFreePorts(2)
  const env = {
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    DATA_DIR: directory.path,
    LOG_LEVEL: 'warn',
    INGEST_PORT: String(ingestPort),
    PROCESSOR_PORT: String(processorPort),
  }
  await using ingest = startService('ingest', env)
  await using processor = startService('processor', env)
  await waitUntilReady(ingestPort)
  // Before its first line the processor may not have its signal handlers yet.
  expect(await processor.firstLine).toContain('bus_unreachable')
  expect((await request(processorPort, '/readyz').catch(() => undefined))?.ok ?? false).toBe(false)
  expect([await ingest.stop(), await processor.stop()]).toEqual([0, 0])
}, 90_000)

function startService(name: 'ingest' | 'query' | 'processor', env: Record<string, string>) {
  const child = Bun.spawn([process.execPath, join(ROOT, 'services', name, 'src/main.ts')], {
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const firstLine = Promise.withResolvers<string>()
  void forEachLine(child.stdout, firstLine.resolve).then(() => firstLine.resolve(''))
  const stop = async () => {
    child.kill('SIGTERM')
    return await child.exited
  }
  return {
    stop,
    firstLine: firstLine.promise,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

async function waitUntilReady(port: number): Promise<void> {
  const isReady = async () => ((await request(port, '/readyz').catch(() => undefined))?.ok ? true : undefined)
  await waitUntil(isReady, { what: 'A service', milliseconds: 30_000, signal: neverAborted })
}

async function request(port: number, path: string, body?: object): Promise<Response> {
  const post = { method: 'POST', body: JSON.stringify(body) }
  const headers = { host: HOST, ...(body ? { 'content-type': 'application/json' } : {}) }
  return await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...(body ? post : {}) })
}

function openRows(url: string) {
  const sql: Database = openDatabase({ url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  return {
    addModel: async () => {
      await sql`insert into models (id, provider, position, capability) values ('demo', 'demo', 0, ${sql.json(MODEL)})`
    },
    unpublished: async () => {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from outbox where published_at is null`
      return row?.count ?? -1
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  }
}

const MODEL: Model = {
  id: 'demo',
  name: 'Demo',
  provider: 'demo',
  kind: 'image',
  note: null,
  aspectRatios: ['1:1'],
  resolutions: [1024],
  durations: [],
  maxOutputs: 1,
  outputsPerCall: 1,
  maxReferences: 0,
  promptCharacters: 100,
  seed: false,
  negativePrompt: false,
  settings: {},
  cost: null,
  estimatedSeconds: 1,
  estimatedSecondsEach: 1,
  maxSeconds: 60,
  learnedSeconds: {},
}
