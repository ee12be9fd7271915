import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Problem } from '@darkroom/contracts/problem'
import { findFreePorts } from '../../local/process/free-ports.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { createTestModel } from '../data/test-model.ts'
import { startProxy, type TcpProxy } from '../net-proxy.ts'
import { createTestDatabase, createTestDirectory } from '../test-resources.ts'
import { type ServiceProcess, startServiceProcess } from './service-process.ts'
import { createServiceUrls } from './service-roles.ts'
import { createTestEnv } from './test-env.ts'

/** Ingest and query while a network swallows what they send to the database, and after it: connections of that time stay dead. */

/** Less than a statement may take: without the guard a request waits that long. */
const DEADLINE_MS = 9_000
/** For what is answered because the database answers. */
const WAIT_MS = 60_000
/** More than the pool has connections. */
const SUBMISSIONS = 15
/** A picture whose original is looked for in the database. */
const PREVIEW = `/media/w/${LOCAL_OWNER.workspaceId}/ref/${'0'.repeat(64)}.w512.webp`
const HEADERS = { host: 'localhost:3000', 'content-type': 'application/json' }

const stack = new AsyncDisposableStack()
const lines: string[] = []
let proxy: TcpProxy
let sql: Database
let ingest: ServiceProcess
let query: ServiceProcess

beforeAll(async () => {
  const directory = stack.use(await createTestDirectory())
  const { url } = stack.use(await createTestDatabase())
  proxy = stack.use(await startProxy(Number(new URL(url).port)))
  const urls = await createServiceUrls(url, proxy.urlThrough)
  sql = openDatabase({ url, name: 'test', connections: 2, log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
  const [ingestPort = 0, queryPort = 0, away = 0] = await findFreePorts(3)
  const common = {
    ...createTestEnv({ dataDir: join(directory.path, 'data'), port: 3000 }),
    PATH: process.env.PATH ?? '',
    NATS_URL: `nats://127.0.0.1:${away}`,
  }
  const start = (service: 'ingest' | 'query', port: number) =>
    startServiceProcess({
      service,
      port,
      env: { ...common, DATABASE_URL: urls[service] },
      output: { onLine: line => void lines.push(line) },
    })
  ingest = stack.use(start('ingest', ingestPort))
  query = stack.use(start('query', queryPort))
  await Promise.all([ingest.waitUntilReady(), query.waitUntilReady()])
  const model = createTestModel({ id: 'm', name: 'M', connection: 'p' })
  await sql`insert into models (id, provider, position, capability) values ('m', 'p', 0, ${sql.json({ ...model })})`
})
afterAll(() => stack.disposeAsync())

test('requests are refused while it is silent, work as soon as it answers, and nothing is accepted twice', async () => {
  const clientIds = Array.from({ length: SUBMISSIONS }, () => crypto.randomUUID())
  // Every connection of the pools is open, and dies.
  const before = Array.from({ length: SUBMISSIONS }, () => crypto.randomUUID())
  const works = { list: 200, media: 404, submit: 'accepted' }
  expect(await requestAll(before)).toEqual(createAnswers(works))
  proxy.setFault({ kind: 'swallow' })
  expect(await requestAll(clientIds, DEADLINE_MS)).toEqual(
    createAnswers({ list: 503, media: 503, submit: 'unavailable' }),
  )
  for (const service of [ingest, query])
    expect((await fetch(`${service.url}/readyz`, { signal: AbortSignal.timeout(DEADLINE_MS) })).status).toBe(503)
  proxy.setFault({ kind: 'none' })
  expect(await requestAll(clientIds)).toEqual(createAnswers(works))
  const counts = await sql`select client_id, count(*) from generations group by client_id having count(*) = 1`
  expect(counts.map(row => row.client_id).sort()).toEqual([...before, ...clientIds].sort())
  expect(lines.filter(line => line.includes('database_silent')).length).toBeGreaterThanOrEqual(2)
})

/** Requests everything at once. @returns the statuses */
async function requestAll(clientIds: string[], milliseconds = WAIT_MS) {
  const signal = AbortSignal.timeout(milliseconds)
  const [list, events, media, ...submits] = await Promise.all([
    send(query, '/api/generations', { signal }),
    send(query, '/api/events', { signal }),
    send(query, PREVIEW, { signal }),
    ...clientIds.map(clientId =>
      send(ingest, '/api/generate', {
        method: 'POST',
        body: JSON.stringify({ clientId, prompt: 'sea', model: 'm' }),
        signal,
      }),
    ),
  ])
  // 200 is the answer to a repetition.
  const toName = (status: number) => ({ 200: 'accepted', 202: 'accepted', 503: 'unavailable' })[status] ?? status
  return { list, events, media, submits: submits.map(toName) }
}

function createAnswers({ list, media, submit }: { list: number; media: number; submit: string }) {
  // An event stream that has missed nothing opens from memory.
  return { list, events: 200, media, submits: Array.from({ length: SUBMISSIONS }, () => submit) }
}

/** Sends a request. @returns its status, once the response is what a client needs that tries again */
async function send({ url }: ServiceProcess, path: string, init: RequestInit): Promise<number> {
  const response = await fetch(url + path, { ...init, headers: HEADERS })
  if (response.status === 503) {
    const problem = Problem.parse(await response.json())
    expect(problem.code).toBe('unavailable')
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.get('x-request-id')).toBe(problem.requestId)
  } else await response.body?.cancel()
  return response.status
}
