import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyHmac } from '../../src/connections/encryption-key.ts'
import { sealKey } from '../../src/connections/secret-box.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { startFakeComfyUi } from '../../testing/fake-comfyui/fake-server.ts'
import { TEXT_TO_IMAGE } from '../../testing/fake-comfyui/text-to-image.ts'
import { type FakeOpenAi, startFakeOpenAi } from '../../testing/fake-openai/fake-server.ts'
import {
  type FakeOpenAiCompatible,
  startFakeOpenAiCompatible,
} from '../../testing/fake-openai-compatible/fake-server.ts'
import { runCommand } from '../../testing/studio/run-command.ts'
import { createTestDatabase, createTestDirectory } from '../../testing/test-resources.ts'
import { createRunRecord, readRunFile } from '../launch/run-file.ts'

const COMFYUI_KEY = 'canary-7Qm2ZxPd4LrT9vW8'
const ENCRYPTION_KEY = new Uint8Array(32).fill(7)
const stack = new AsyncDisposableStack()
let openai: FakeOpenAi
let together: FakeOpenAiCompatible
let directory: string

beforeAll(async () => {
  openai = stack.use(await startFakeOpenAi())
  together = stack.use(await startFakeOpenAiCompatible({ flavour: 'together' }))
  directory = stack.use(await createTestDirectory()).path
})
beforeEach(() => {
  for (const fake of [openai, together]) fake.setFault(null)
})
afterAll(() => stack.disposeAsync())

test('without a studio the connections of the environment are checked, step by step and for free', async () => {
  const { exitCode, stdout, stderr } = await run([])
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain(`openai  address  works  ${openai.url} answers\nopenai  key  works  not refused\n`)
  expect(stdout).toMatch(/^openai {2}models {2}works {2}\d+, price known of \d+; sizes: .+ \d+; generate \d+, edit/m)
  expect(stdout).toMatch(/^openai {2}result {2}works {2}It works: .+ free\.$/m)
  expect(stdout).toMatch(/^openai {2}model {2}openai\/gpt-image-\S+ +generate edit.* price: tokens/m)
  expect(stdout).toMatch(/^openai-compatible {2}dialect {2}works {2}together$/m)
  expect(openai.posts() + together.posts()).toBe(0)
  expect(await run(['elsewhere'])).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'There is no connection elsewhere. There are openai, openai-compatible.\n',
  })
  expect(await run([], { OPENAI_API_KEY: '', OPENAI_COMPATIBLE_URL: '' })).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await run(['--elsewhere'])).toMatchObject({ exitCode: 2 })
})

test('says which step fails, and a transcript never has the key, whatever a server echoes', async () => {
  const file = join(directory, 'transcript.json')
  for (const [fault, step] of [
    ['wrong-key', 'key  fails  refused'],
    ['echo-key', 'result  fails  '],
    ['html', 'result  fails  '],
  ] as const) {
    for (const fake of [openai, together]) fake.setFault(fault)
    const { exitCode, stdout, stderr } = await run(['--transcript', file])
    const transcript = await Bun.file(file).text()
    expect([fault, exitCode, stderr]).toEqual([fault, 1, ''])
    for (const id of ['openai', 'openai-compatible']) {
      expect(stdout).toContain(`${id}  address  works  `)
      expect(stdout).toContain(`${id}  ${step}`)
      expect(JSON.parse(transcript)[id][0]).toMatchObject({ method: 'GET', status: expect.any(Number) })
    }
    for (const { key } of [openai, together]) expect(stdout + transcript).not.toContain(key.slice(3))
  }
  const away = await run(['openai', '--transcript', file], { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' })
  expect(away.exitCode).toBe(1)
  expect(away.stdout).toContain('openai  address  fails  http://127.0.0.1:1/v1 does not answer\n')
  expect(away.stdout).toContain('openai  key  unknown  not checked\n')
  expect(JSON.parse(await Bun.file(file).text()).openai[0]).toMatchObject({
    status: null,
    error: expect.stringContaining('connect'),
  })
  expect(await run(['openai', '--transcript', join(directory, 'none', 'x')])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^The transcript cannot be written to /),
  })
})

test('of ComfyUI the workflows of the folder are checked, and the transcript can become a fixture', async () => {
  await using files = await createTestDirectory()
  await using comfyui = await startFakeComfyUi({ directory: files.path, key: COMFYUI_KEY })
  const dataDir = join(files.path, 'data')
  await mkdir(join(dataDir, 'workflows'), { recursive: true })
  await writeFile(join(dataDir, 'workflows', 'landscape.json'), JSON.stringify(TEXT_TO_IMAGE))
  const file = join(files.path, 'transcript.json')
  const env = {
    OPENAI_API_KEY: '',
    OPENAI_COMPATIBLE_URL: '',
    COMFYUI_URL: comfyui.url,
    COMFYUI_KEY,
    DATA_DIR: dataDir,
  }
  const { exitCode, stdout } = await run(['comfyui', '--transcript', file], env)
  expect(exitCode).toBe(0)
  expect(stdout).toContain('comfyui  result  works  It works: ComfyUI 0.3.75. 2 workflows can be used.')
  expect(stdout).toMatch(/^comfyui {2}model {2}comfyui\/landscape +generate vary/m)
  const { comfyui: entries } = JSON.parse(await Bun.file(file).text()) as Record<
    string,
    { url: string; body: string }[]
  >
  const paths = entries?.map(({ url }) => new URL(url).pathname) ?? []
  expect(paths).toContain('/system_stats')
  expect(paths).toContain('/object_info/KSampler')
  expect(JSON.stringify(entries)).not.toContain(COMFYUI_KEY)
  expect(comfyui.posts()).toBe(0)
})

test('of a studio the stored connections are checked too, with their keys, and nothing is written', async () => {
  await using database = await createTestDatabase()
  const sql = openDatabase({ url: database.url, name: 'test', log: createLog({ service: 'test', level: 'silent' }) })
  await using _ = { [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) }
  await store(sql, { id: 'openai', sealedFor: 'openai' })
  await store(sql, { id: 'copied', sealedFor: 'openai' })
  await store(sql, { id: 'removed', sealedFor: 'removed' })
  await sql`update connections set removed_at = now() where id = 'removed'`
  const hmac = keyHmac(ENCRYPTION_KEY, `${openai.url}\n${openai.key}`)
  await sql`
      insert into connections (id, kind, name, source, variable, key_hmac)
      values ('openai-2', 'openai', 'OpenAI', 'environment', 'OPENAI_API_KEY', ${hmac})`
  const before = await sql`select * from connections order by id`
  const env = { DATABASE_URL: database.url, OPENAI_COMPATIBLE_URL: '' }
  const key = { ENCRYPTION_KEY: Buffer.from(ENCRYPTION_KEY).toString('hex') }
  const { exitCode, stdout } = await run([], { ...env, ...key })
  expect(exitCode).toBe(1)
  expect(stdout).toContain('openai-2  result  works  ')
  expect(stdout).toContain('openai  result  works  ')
  expect(stdout).toMatch(/^copied {2}result {2}fails {2}Its key cannot be opened/m)
  expect(stdout).not.toContain('removed')
  const without = await run(['copied'], { ...env, DATA_DIR: join(directory, 'empty') })
  expect(without.stdout).toMatch(/^copied {2}result {2}fails {2}Its key cannot be opened/m)
  expect((await run(['?'], { ...env, ...key, OPENAI_API_KEY: 'other' })).stderr).toContain('openai-environment')
  expect(await readdir(directory)).not.toContain('empty')
  const record = createRunRecord(directory)
  await record.update({ databaseUrl: database.url })
  const found = { ...key, DATABASE_URL: '' }
  expect((await run(['?'], found)).stderr).toBe(
    'There is no connection ?. There are openai-2, openai-compatible, openai, copied.\n',
  )
  await writeFile(join(directory, 'run.json'), JSON.stringify({ ...(await readRunFile(directory)), pid: 2 ** 22 + 1 }))
  expect((await run(['?'], found)).stderr).toBe('There is no connection ?. There are openai, openai-compatible.\n')
  expect([...(await sql`select * from connections order by id`)]).toEqual([...before])
})

async function store(sql: Database, { id, sealedFor }: { id: string; sealedFor: string }): Promise<void> {
  const sealed = sealKey(ENCRYPTION_KEY, sealedFor, together.key)
  await sql`
    insert into connections (id, kind, name, base_url, source, key_sealed)
    values (${id}, 'openai-compatible', ${id}, ${together.url}, 'stored', ${sealed})`
}

async function run(args: string[], env: Record<string, string> = {}) {
  return await runCommand('providers/providers-check', args, {
    DATA_DIR: directory,
    DATABASE_URL: '',
    ENCRYPTION_KEY: '',
    OPENAI_API_KEY: openai.key,
    OPENAI_BASE_URL: openai.url,
    OPENAI_COMPATIBLE_URL: together.url,
    OPENAI_COMPATIBLE_KEY: together.key,
    ...env,
  })
}
