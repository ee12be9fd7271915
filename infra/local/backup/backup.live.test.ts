import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Generation } from '@darkroom/contracts/generation'
import { openStore } from '../../src/store/open-store.ts'
import { openStudioHistory } from '../../testing/data/history.ts'
import { createS3Env, createTestBucket, startS3Server } from '../../testing/s3/s3-server.ts'
import { startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { createTestDatabase, createTestDirectory } from '../../testing/test-resources.ts'
import { openRestored, openSql, readAllRows, readNamedObjects, runChecked } from './backup-env.fixture.ts'
import { readManifest } from './manifest.ts'

const FINISHED = 300
const MADE_MEANWHILE = 40

const stack = new AsyncDisposableStack()
let studio: TestStudio
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  const fake = stack.use(await startFakeProvider())
  studio = stack.use(await startTestStudio({ ...fake.env, PROVIDER_CONCURRENCY: '4' }))
  folder = stack.use(await createTestDirectory()).path
  env = { DATA_DIR: studio.dataDir }
  await using history = await openStudioHistory(studio)
  await history.insertFinished(FINISHED)
})
afterAll(() => stack.disposeAsync())

test('a backup while generations are made is of one moment: what was done is in it, and restores byte by byte', async () => {
  await using test = new AsyncDisposableStack()
  const sql = openSql(test, studio.databaseUrl)
  const before = await readCompleted()
  const making = makeGenerations()
  const output = await runChecked('backup', [folder, '--json'], env)
  const made = await making
  expect(JSON.parse(output.split('\n')[0] ?? '')).toMatchObject({ missing: 0, damaged: 0 })

  const target = test.use(await createTestDirectory()).path
  expect(await runChecked('restore', [folder], { DATA_DIR: target })).toContain('Every row and every byte')
  const restored = await openRestored(test, target)
  const rows = await readRows(restored)
  for (const [id, row] of before) expect(rows.get(id)).toBe(row)
  // A generation that was begun before the moment and ended after it is there as it was in between.
  const present = await readRows(sql)
  for (const [id, row] of rows) if (!row.includes('"status":"completed"')) expect(present.has(id)).toBe(true)
  expect(made.every(({ status }) => status === 'completed')).toBe(true)

  const objects = await readNamedObjects(restored, await openStore({ DATA_DIR: target }))
  const originals = await readNamedObjects(sql, await openStore({ DATA_DIR: studio.dataDir }))
  expect(Object.keys(objects).length).toBeGreaterThan(20)
  for (const [key, hash] of Object.entries(objects)) expect([key, hash]).toEqual([key, originals[key] ?? null])

  async function readCompleted() {
    return new Map([...(await readRows(sql))].filter(([, row]) => row.includes('"status":"completed"')))
  }
})

test('a second backup copies only new objects, and restores into a database and a bucket elsewhere', async () => {
  await using test = new AsyncDisposableStack()
  const sql = openSql(test, studio.databaseUrl)
  const first = JSON.parse((await runChecked('backup', [folder, '--json'], env)).split('\n')[0] ?? '')
  const again = JSON.parse((await runChecked('backup', [folder, '--json', '--verify'], env)).split('\n')[0] ?? '')
  expect(again).toMatchObject({ objects: first.objects, copied: 0, copiedBytes: 0 })
  await submit(1)
  const { id } = await submit(2)
  await studio.waitForGeneration(id, isFinished)
  const third = JSON.parse((await runChecked('backup', [folder, '--json'], env)).split('\n')[0] ?? '')
  expect(third.copied).toBeGreaterThan(0)
  expect(third.objects - first.objects).toBe(third.copied)

  const server = test.use(await startS3Server('strict'))
  const bucket = test.use(await createTestBucket(server.endpoint))
  const database = test.use(await createTestDatabase())
  const outside = {
    DATA_DIR: test.use(await createTestDirectory()).path,
    DATABASE_URL: database.url,
    ...createS3Env(bucket.options, server.endpoint.endpoint),
  }
  await emptyDatabase(openSql(test, database.url))
  await runChecked('restore', [folder], outside)
  const restored = openSql(test, database.url)
  expect(await readAllRows(restored)).toEqual(await readAllRows(sql))
  const objects = await readNamedObjects(sql, await openStore({ DATA_DIR: studio.dataDir }))
  expect(await readNamedObjects(restored, bucket.store)).toEqual(objects)
  // And a backup of that one is the same again.
  const copy = test.use(await createTestDirectory()).path
  await runChecked('backup', [copy], outside)
  expect(hashes(await readManifest(copy))).toEqual(hashes(await readManifest(folder)))
})

test('nothing secret is in a backup', async () => {
  const secret = (await readFile(join(studio.dataDir, 'internal-api-secret'), 'utf8')).trim()
  const password = new URL(studio.databaseUrl).password
  for await (const file of new Bun.Glob('**/*').scan({ cwd: folder, onlyFiles: true })) {
    const text = await Bun.file(join(folder, file)).text()
    expect([file, text.includes(secret), text.includes(password)]).toEqual([file, false, false])
  }
})

async function makeGenerations(): Promise<Generation[]> {
  const submitted = await Promise.all(Array.from({ length: MADE_MEANWHILE }, (_, at) => submit(at)))
  return await Promise.all(submitted.map(({ id }) => studio.waitForGeneration(id, isFinished, 120_000)))
}

async function submit(at: number): Promise<Generation> {
  return await studio.submit({ prompt: `made meanwhile ${at}`, model: 'fake-image', parameters: { numOutputs: 2 } })
}

/** Returns the whole row of each generation, with its outputs, by id. */
async function readRows(sql: ReturnType<typeof openSql>): Promise<Map<string, string>> {
  const rows = await sql<{ id: string; row: string }[]>`
    select g.id, json_build_object('generation', g, 'document', d.document, 'words', w.words, 'outputs',
      (select json_agg(o order by o.index) from generation_outputs o where o.generation_id = g.id))::text as row
    from generations g left join generation_documents d on d.generation_id = g.id
    left join generation_words w on w.generation_id = g.id`
  return new Map(rows.map(({ id, row }) => [id, row]))
}

/** Empties a migrated database, so that it is as a new one. */
async function emptyDatabase(sql: ReturnType<typeof openSql>): Promise<void> {
  await sql.unsafe('drop schema public cascade; create schema public')
}

function hashes(manifest: Awaited<ReturnType<typeof readManifest>>): Record<string, string> {
  const tables = manifest?.tables.filter(({ name }) => name !== 'studio' && name !== 'bus_epoch') ?? []
  return {
    ...Object.fromEntries(tables.map(({ name, sha256 }) => [name, sha256])),
    list: manifest?.objects.list.sha256 ?? '',
  }
}
