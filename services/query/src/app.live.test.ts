import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Models } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import { Parts, StudioReadiness } from '@darkroom/contracts/parts'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import { openTestQuery, type TestQuery } from './app.fixture.ts'

const stack = new AsyncDisposableStack()
const USER = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
let query: TestQuery

beforeAll(async () => {
  query = stack.use(await openTestQuery({ identify: async () => USER, processorUrl: 'http://127.0.0.1:9' }))
})
afterAll(() => stack.disposeAsync())

test('reports the services that are away, uncached, and the readiness of the studio', async () => {
  const response = await query.get('/api/parts')
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(Parts.parse(await response.json())).toEqual({ ingest: 'ok', processor: 'away' })
  const readiness = await query.get('/api/readyz')
  expect(readiness.status).toBe(200)
  expect(StudioReadiness.parse(await readiness.json())).toEqual({
    ready: false,
    parts: { ingest: 'ok', processor: 'away', query: 'ok' },
    checks: {},
  })
})

test('lists models with their learned durations and their connection', async () => {
  await query.sql`insert into models (id, provider, position, capability) values ('m', 'p', 0, ${query.sql.json({ ...MODEL })})`
  await query.sql`insert into model_timings values ('m', 4, 5, 8.26), ('m', 1, 4, 2)`
  const models = Models.parse(await (await query.get('/api/models')).json())
  expect(models.map(model => model.learnedSeconds)).toEqual([{ 4: 8.3 }])
  expect(models[0]).not.toHaveProperty('connectionName')
  await query.sql`insert into connections (id, kind, name, source, state) values ('p', 'openai', 'Studio', 'stored', ${query.sql.json({ kind: 'no-credit' })})`
  const named = Models.parse(await (await query.get('/api/models')).json())
  expect(named).toMatchObject([{ connectionName: 'Studio', connectionState: 'no-credit' }])
})

const MODEL = toModel(
  createTestModel({
    id: 'm',
    name: 'M',
    connection: 'p',
    sizes: { kind: 'list', sizes: [{ width: 512, height: 512 }], auto: false },
    maxOutputs: 4,
    promptCharacters: 100,
  }),
)
