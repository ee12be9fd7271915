import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import { Problem } from '@darkroom/contracts/problem'
import { openDatabase } from '@darkroom/infra/database/connection'
import { takeOver } from '@darkroom/infra/database/studio-state'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { openStore } from '@darkroom/infra/store/open-store'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import { createTestDatabase, createTestDirectory } from '@darkroom/infra/testing/test-resources'
import sharp from 'sharp'
import { createApp } from './app.ts'
import { demoModel } from './submit/model.fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let app: ReturnType<typeof createApp>
let sql: ReturnType<typeof openDatabase>
let keys: () => Promise<string[]>

const ALICE = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const BOB = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }

beforeAll(async () => {
  const directory = stack.use(await createTestDirectory())
  const database = stack.use(await createTestDatabase())
  sql = openDatabase({ url: database.url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
  const store = await openStore({ DATA_DIR: directory.path })
  keys = () => Array.fromAsync(store.list(''), ({ key }) => key)
  app = createApp({
    database: sql,
    store,
    images: stack.use(openTestDecoder()),
    log,
    concurrency: 3,
    budgetMicros: null,
    encryptionKey: new Uint8Array(32),
    defaultSlots: 2,
    config: {},
    queueDepth: 500,
    http: {
      config: { PORT: 3000, PUBLIC_URL: 'http://localhost', BODY_MEMORY_MB: 64 },
      log,
      metrics: createMetrics('test'),
      checks: {},
      identify: async request => (request.headers.get('x-test') === 'bob' ? BOB : ALICE),
      stopping: new AbortController().signal,
    },
  })
  await sql`insert into models (id, provider, position, capability) values ('demo', 'demo', 0, ${sql.json(demoModel)})`
})
afterAll(() => stack.disposeAsync())

test('stores a submission once, enqueues it once, and refuses another one with its client id', async () => {
  const body = { clientId: crypto.randomUUID(), prompt: 'low cloud', parameters: { numOutputs: 4, aspectRatio: '3:2' } }
  const first = await submit(body)
  expect(first.status).toBe(202)
  const generation = await readGeneration(first)
  expect(generation).toMatchObject({
    clientId: body.clientId,
    status: 'queued',
    version: 1,
    attempt: 0,
    references: [],
  })
  expect(generation.outputs.map(({ index, state, width, height }) => [index, state, width, height])).toEqual(
    [0, 1, 2, 3].map(index => [index, 'pending', 1256, 840]),
  )
  const repeated = await submit(body)
  expect(repeated.status).toBe(200)
  expect(await repeated.json()).toEqual(generation)
  const other = await submit({ ...body, prompt: 'high cloud' })
  expect(other.status).toBe(409)
  expect(await countRowsOf(generation.id)).toEqual({ outputs: 4, events: 1, queued: 1, changed: 1, raw: 1 })
})

test('a restored copy accepts no submission, and answers one that was accepted before', async () => {
  const body = { clientId: crypto.randomUUID(), prompt: 'before the backup' }
  const before = await readGeneration(await submit(body))
  await sql`update studio set mode = 'restored'`
  const refused = await submit({ prompt: 'after the restore' })
  const again = await submit(body)
  await takeOver(sql)
  expect(refused.status).toBe(409)
  expect(Problem.parse(await refused.json()).detail).toMatch(/restored copy.*bun run restore --take-over/)
  expect([again.status, (await readGeneration(again)).id]).toEqual([200, before.id])
  expect((await submit({ prompt: 'after the take-over' })).status).toBe(202)
})

test('creates one generation for ten identical concurrent submissions', async () => {
  const body = { clientId: crypto.randomUUID(), prompt: 'rain', referenceImages: [await createDataUrl('png', '#345')] }
  const responses = await Promise.all(Array.from({ length: 10 }, () => submit(body)))
  const generations = await Promise.all(responses.map(readGeneration))
  expect(new Set(generations.map(generation => generation.id)).size).toBe(1)
  expect(responses.filter(response => response.status === 202)).toHaveLength(1)
})

test('stores references once by their bytes, and only pointers reach the database; the same one again is no other input', async () => {
  const [red, jpeg] = [await createDataUrl('png', '#a21'), await createDataUrl('jpeg', '#12a')]
  const response = await submit({ prompt: 'two', referenceImages: [red, jpeg, red] })
  expect(response.status).toBe(202)
  const { references, parameters } = await readGeneration(response)
  expect(references.map(({ width, height }) => [width, height])).toEqual(Array(2).fill([40, 30]))
  expect(parameters.referenceImages).toEqual(references.map(reference => reference.url))
  const ownKeys = (await keys()).filter(key => key.includes(ALICE.workspaceId))
  for (const { url, previewUrl } of references) {
    expect(ownKeys).toContain(url.slice('/media/'.length))
    expect(ownKeys).toContain(previewUrl.slice('/media/'.length))
  }
  const before = ownKeys.length
  const single = await submit({ prompt: 'one', referenceImage: red })
  expect((await readGeneration(single)).references[0]?.id).toBe(references[0]?.id)
  expect((await keys()).filter(key => key.includes(ALICE.workspaceId))).toHaveLength(before)
  const [{ embedded } = { embedded: -1 }] = await sql<{ embedded: number }[]>`
    select count(*)::int as embedded from generations g join generation_raw r on r.generation_id = g.id
    where g::text || r::text ~* '(data:|;base64,)'`
  expect(embedded).toBe(0)
})

test('accepts the id of an uploaded reference from its own workspace only', async () => {
  const form = new FormData()
  form.append('file', new Blob([await createImage('webp', '#0a5')]), '../../etc/passwd')
  form.append('file', new Blob([await createImage('avif', '#0a9')]), 'x.svg')
  const uploaded = await send('/api/references', { method: 'POST', body: form })
  expect(uploaded.status).toBe(201)
  const references = (await uploaded.json()) as { id: string; url: string }[]
  expect(references.map(({ url }) => url.replace(/.*\./, ''))).toEqual(['webp', 'avif'])
  const ids = references.map(reference => reference.id)
  const own = await submit({ prompt: 'by id', referenceImages: ids })
  expect((await readGeneration(own)).references.map(reference => reference.id)).toEqual(ids)
  const foreign = await submit({ prompt: 'by id', referenceImages: ids }, { 'x-test': 'bob' })
  expect(foreign.status).toBe(422)
})

test('refuses a request with one bad image, names its position and stores nothing', async () => {
  const before = [await countRows(), (await keys()).length]
  const good = await createDataUrl('png', '#fed')
  const bad: [string, RegExp][] = [
    [
      `data:image/png;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64')}`,
      /is not a PNG/,
    ],
    [`${good.slice(0, -40)}`, /damaged|cut short|base64/],
    ['data:image/png;base64,%%%not base64!!', /not base64/],
    ['data:image/png,rawbytes', /not a base64 data URL/],
    ['data:image/png;base64,', /is empty/],
    [good.replace('image/png', 'image/webp'), /says it is image\/webp, but is image\/png/],
    ['https://127.0.0.1/a.png', /could not be fetched: 127.0.0.1 is not on the public internet/],
    ['http://example.com/a.png', /nor an https address/],
    [crypto.randomUUID(), /not a reference of yours/],
  ]
  for (const [image, detail] of bad) {
    const response = await submit({ prompt: 'bad', referenceImages: [good, image, good] })
    expect([image.slice(0, 60), response.status]).toEqual([image.slice(0, 60), 422])
    const problem = Problem.parse(await response.json())
    expect(problem.errors?.[0]?.path).toBe('referenceImages.1')
    expect(problem.detail).toMatch(detail)
  }
  expect([await countRows(), (await keys()).length]).toEqual(before)
})

test('refuses invalid submissions with a sentence and writes nothing', async () => {
  const before = await countRows()
  const refused: [unknown, number][] = [
    ['not json', 400],
    [null, 422],
    [[], 422],
    [{}, 422],
    [{ prompt: '  \n' }, 422],
    [{ prompt: 'a\0b' }, 422],
    [{ prompt: '\ud800' }, 422],
    [{ prompt: 'x'.repeat(32_001) }, 422],
    [{ prompt: 'a', colour: 'red' }, 422],
    [{ prompt: 'a', model: 'nobody' }, 422],
    [{ prompt: 'a', parameters: { numOutputs: '3' } }, 422],
    [{ prompt: 'a', parameters: { numOutputs: 11 } }, 422],
    [{ prompt: 'a', parameters: { aspectRatio: '5:4' } }, 422],
    [{ prompt: 'a', parameters: { negativePrompt: 'x DATA:image/png' } }, 422],
    [{ prompt: 'a', parameters: { settings: { grain: 9 } } }, 422],
    [{ prompt: 'a', parameters: { settings: { unknown: 1 } } }, 422],
    [{ prompt: 'a', referenceImages: Array(17).fill('x') }, 422],
  ]
  for (const [body, status] of refused) {
    const response = await send('/api/generate', post(body === 'not json' ? '{"prompt":' : JSON.stringify(body)))
    expect([body, response.status]).toEqual([body, status])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = Problem.parse(await response.json())
    expect(problem.detail.length).toBeGreaterThan(10)
    expect(problem.requestId).toBe(response.headers.get('x-request-id') ?? 'none')
  }
  expect(await countRows()).toBe(before)
  expect((await submit({ prompt: 'and the next good one works' })).status).toBe(202)
})

test('rejects foreign hosts, foreign origins, wrong content types and unknown paths', async () => {
  const json = post('{"prompt":"a"}')
  expect(
    (await send('/api/generate', { ...json, headers: { ...json.headers, origin: 'http://evil.example' } })).status,
  ).toBe(403)
  expect((await send('/api/generate', { ...json, headers: { ...json.headers, host: 'evil.example' } })).status).toBe(
    403,
  )
  expect((await send('/api/generate', { ...json, headers: { 'content-type': 'text/plain' } })).status).toBe(415)
  expect((await send('/api/references', json)).status).toBe(415)
  expect((await send('/api/nothing', {})).status).toBe(404)
})

async function submit(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await send('/api/generate', post(JSON.stringify(body), headers))
}

async function readGeneration(response: Response): Promise<Generation> {
  return Generation.parse(await response.json())
}

function post(body: string, headers: Record<string, string> = {}) {
  return { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  return await app.handle(new Request(`http://localhost${path}`, init))
}

async function createImage(format: 'png' | 'jpeg' | 'webp' | 'avif', background: string): Promise<Buffer> {
  return await sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .toFormat(format)
    .toBuffer()
}

async function createDataUrl(format: 'png' | 'jpeg', background: string): Promise<string> {
  return `data:image/${format};base64,${(await createImage(format, background)).toString('base64')}`
}

async function countRows(): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select ((select count(*) from generations) + (select count(*) from generation_raw) + (select count(*) from outbox)
      + (select count(*) from reference_images))::int as count`
  return row?.count ?? -1
}

async function countRowsOf(id: string) {
  const [row] = await sql`
    select (select count(*)::int from generation_outputs where generation_id = ${id}) as outputs,
           (select count(*)::int from generation_events where generation_id = ${id}) as events,
           (select count(*)::int from generation_raw where generation_id = ${id}) as raw,
           (select count(*)::int from outbox where payload->>'id' = ${id} and payload->>'type' = 'generation.queued') as queued,
           (select count(*)::int from outbox where payload->>'id' = ${id} and payload->>'type' = 'generation.changed') as changed`
  return row
}
