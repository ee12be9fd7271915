import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { startFakeComfyUi } from '@darkroom/infra/testing/fake-comfyui/fake-server'
import { TEXT_TO_IMAGE } from '@darkroom/infra/testing/fake-comfyui/text-to-image'
import { createTestDatabase, createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { createAdapter } from './create-adapter.ts'
import { createWorkflowSource } from './workflow-source.ts'

const WAIT_MS = 60_000
const stack = new AsyncDisposableStack()
let sql: Database
let dataDir: string
let url: string

beforeAll(async () => {
  const database = stack.use(await createTestDatabase())
  sql = openDatabase({ url: database.url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  stack.defer(() => sql.end({ timeout: 1 }))
  dataDir = stack.use(await createTestDirectory()).path
  const directory = stack.use(await createTestDirectory()).path
  url = stack.use(await startFakeComfyUi({ directory })).url
})
afterAll(() => stack.disposeAsync())

test('lists uploaded workflows and those of the folder, and records for the uploaded ones what the server lacks', async () => {
  await sql`
    insert into connections (id, kind, name, base_url, source) values
      ('comfyui', 'comfyui', 'ComfyUI', ${url}, 'stored'), ('other', 'comfyui', 'Other', ${url}, 'stored')`
  const lacking = { ...TEXT_TO_IMAGE, '8': { class_type: 'FancyDecode', inputs: {} } }
  await upload('comfyui', 'portrait', TEXT_TO_IMAGE)
  await upload('comfyui', 'fancy', lacking)
  await upload('other', 'elsewhere', TEXT_TO_IMAGE)
  await writeFiles({
    'landscape.json': JSON.stringify(TEXT_TO_IMAGE),
    'portrait.json': JSON.stringify(lacking),
    'a,b.json': JSON.stringify(TEXT_TO_IMAGE),
    'broken.json': '{',
    'strange.json': JSON.stringify({ ...TEXT_TO_IMAGE, '8': { class_type: 'caf\udce9', inputs: {} } }),
    'notes.txt': 'x',
  })
  const adapter = createAdapter({
    id: 'comfyui',
    kind: 'comfyui',
    baseUrl: url,
    key: null,
    dialect: null,
    foundDialect: null,
    workflows: createWorkflowSource({ database: sql, dataDir }, 'comfyui'),
  })
  const models = await adapter?.models(AbortSignal.timeout(WAIT_MS))
  const names = models?.map(({ id }) => id.slice('comfyui/'.length))
  expect(names).toEqual(['portrait', 'a b', 'landscape', 'Text to image'])
  const check = await adapter?.checkConnection(AbortSignal.timeout(WAIT_MS))
  expect(check?.ok && check.note).toContain(
    '4 workflows can be used. broken: It is not JSON. strange: It has a character that cannot be stored. fancy: The server',
  )
  expect([
    ...(await sql`select name, problem, checked_at is not null as checked from workflows order by name`),
  ]).toEqual([
    { name: 'elsewhere', problem: null, checked: false },
    { name: 'fancy', problem: 'The server does not have the node FancyDecode.', checked: true },
    { name: 'portrait', problem: null, checked: true },
  ])
})

test('a workflow that is uploaded while the server is asked was not asked about', async () => {
  const source = createWorkflowSource({ database: sql, dataDir }, 'other')
  await source.load(AbortSignal.timeout(WAIT_MS))
  await upload('other', 'late', TEXT_TO_IMAGE)
  await source.record([])
  expect([
    ...(await sql`select name, checked_at is not null as checked from workflows where connection = 'other' order by name`),
  ]).toEqual([
    { name: 'elsewhere', checked: true },
    { name: 'late', checked: false },
  ])
})

async function upload(connection: string, name: string, graph: unknown): Promise<void> {
  await sql`insert into workflows (connection, name, graph) values (${connection}, ${name}, ${sql.json(graph as never)})`
}

async function writeFiles(files: Record<string, string>): Promise<void> {
  const folder = join(dataDir, 'workflows')
  await mkdir(folder)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
