import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../src/database/connection.ts'
import { migrate, migrateTables, UnfinishedRestoreError } from '../../src/database/migrations.ts'
import { lockRemovals, resumeRemovals } from '../../src/database/studio-state.ts'
import type { Store } from '../../src/store/store.ts'
import { lockGenerations } from '../../testing/lock-generations.ts'
import { createRandom } from '../../testing/random.ts'
import { runCommand } from '../../testing/studio/run-command.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import {
  createSource,
  createTarget,
  insertUniqueOutputs,
  type Parts,
  readAllRows,
  readNamedObjects,
  runChecked,
  spawnCommand,
} from './backup-env.fixture.ts'
import { digestFile } from './digest.ts'
import { backupPaths, readManifest } from './manifest.ts'
import { readEntries } from './object-list.ts'

const KILLS = 6
const signal = new AbortController().signal
const random = createRandom('backup-kills')

const stack = new AsyncDisposableStack()
let source: Parts
let sql: Database
let store: Store
/** A folder with a whole backup, copied for each test. */
let whole: string
let folder: string

beforeAll(async () => {
  source = await createSource(stack, 120)
  ;({ sql, store } = source)
  whole = join(stack.use(await createTestDirectory()).path, 'backup')
  await runChecked('backup', [whole], source.env)
})
afterAll(() => stack.disposeAsync())
beforeEach(async () => {
  folder = join(stack.use(await createTestDirectory()).path, 'backup')
  await copyFolder(whole, folder)
})

test('a backup that is killed at any moment leaves the earlier one whole, and the next one goes on', async () => {
  let unfinished = 0
  for (let kills = 0; kills < KILLS; kills++) {
    await insertUniqueOutputs(source, 20)
    await resumeRemovals(sql)
    const before = await readFile(backupPaths(folder).manifest, 'utf8')
    const running = spawnCommand('backup', [folder, '--concurrency', '1'], source.env)
    await waitFor('The backup', 60_000, areRemovalsPaused, 5)
    await Bun.sleep(random.nextInt(60) * kills)
    running.kill('SIGKILL')
    await running.exited
    if ((await readFile(backupPaths(folder).manifest, 'utf8')) === before) unfinished += 1
    await expectIntact(folder)
  }
  expect(unfinished).toBeGreaterThan(0)
  await runChecked('backup', [folder], source.env)
  await expectIntact(folder)
  await expectRestored(folder)
})

test('a restore that is killed at any moment goes on, and nothing starts on the target until it has ended', async () => {
  await using test = new AsyncDisposableStack()
  const target = await createTarget(test)
  const isUnfinished = async () => {
    const [marker] = await target.sql`select to_regclass('unfinished_restore') as name`
    return Boolean(marker?.name)
  }
  let unfinished = 0
  for (let kills = 0; kills < KILLS && (kills === 0 || (await isUnfinished())); kills++) {
    const running = spawnCommand('restore', [folder, '--concurrency', '1'], target.env)
    await waitFor('The restore', 60_000, isUnfinished, 5)
    await Bun.sleep(random.nextInt(200) * kills)
    running.kill('SIGKILL')
    await running.exited
    if (!(await isUnfinished())) continue
    unfinished += 1
    await expect(migrate({ url: target.env.DATABASE_URL ?? '' })).rejects.toThrow(UnfinishedRestoreError)
  }
  expect(unfinished).toBeGreaterThan(0)
  if (await isUnfinished()) await runChecked('restore', [folder], target.env)
  await migrate({ url: target.env.DATABASE_URL ?? '' })
  await expectSame(target)
})

test('Ctrl-C stops a backup in order: the earlier one is whole, and objects may be removed a minute later', async () => {
  await insertUniqueOutputs(source, 20)
  await resumeRemovals(sql)
  // It waits for the rows, so that it cannot have ended before it is stopped.
  await using lock = await lockGenerations(sql)
  const running = spawnCommand('backup', [folder, '--concurrency', '1'], source.env)
  await waitFor('The pause', 60_000, areRemovalsPaused, 5).finally(() => running.kill('SIGINT'))
  await lock.release()
  expect(await running.exited).toBe(130)
  const [studio] = await sql`
    select removals_paused_until < clock_timestamp() + interval '61 seconds' as "isEnding" from studio`
  expect(studio?.isEnding).toBe(true)
  await expectIntact(folder)
})

test('names the objects that the restore finds damaged, loads no row, and goes on without them if it is asked to', async () => {
  await using test = new AsyncDisposableStack()
  const entries = await Array.fromAsync(readEntries(backupPaths(folder).objectList(await idOf(folder)), signal))
  const [damaged, gone] = entries.filter(entry => 'sha256' in entry && !entry.key.includes('.w'))
  if (!damaged || !gone || !('sha256' in damaged) || !('sha256' in gone)) throw new Error('the backup has no objects')
  const bytes = new Uint8Array(await readFile(backupPaths(folder).object(damaged.sha256)))
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await writeFile(backupPaths(folder).object(damaged.sha256), bytes)
  await rm(backupPaths(folder).object(gone.sha256))
  const target = await createTarget(test)
  const refused = await runChecked('restore', [folder], target.env, 2)
  expect(refused).toContain(damaged.key)
  expect(refused).toContain(gone.key)
  expect(await target.sql`select to_regclass('generations') as name`).toMatchObject([{ name: null }])
  await runChecked('restore', [folder, '--skip-damaged'], target.env, 1)
  expect((await readAllRows(target.sql)).generations).toHaveLength(120)
  expect(await target.store.head(damaged.key)).toBeNull()
  // The next backup with --verify copies both again.
  await runChecked('backup', [folder, '--verify'], source.env)
  await expectIntact(folder)
})

test('a table or a list that is damaged is named, and nothing is restored', async () => {
  await using test = new AsyncDisposableStack()
  const target = await createTarget(test)
  const id = await idOf(folder)
  for (const file of [backupPaths(folder).table(id, 'generations'), backupPaths(folder).objectList(id)]) {
    const bytes = await readFile(file)
    await writeFile(file, bytes.subarray(0, bytes.length - 1))
    expect(await runChecked('restore', [folder], target.env, 2)).toContain(`${file} is damaged`)
    await writeFile(file, bytes)
  }
  await writeFile(backupPaths(folder).manifest, '{"format":1')
  expect(await runChecked('restore', [folder], target.env, 2)).toContain('backup.json is damaged')
})

test('an object that the store has lost, and one that it has damaged, are reported, and the rest is whole', async () => {
  await using test = new AsyncDisposableStack()
  const other = await createSource(test, 20)
  const keys = await other.sql<{ key: string }[]>`
    select distinct key from generation_outputs where state = 'stored' and sha256 is not null order by 1 limit 2`
  const [lost = '', damaged = ''] = keys.map(({ key }) => key)
  await other.store.remove(lost)
  await other.store.put(damaged, new TextEncoder().encode('other bytes'), { signal })
  const copy = join(test.use(await createTestDirectory()).path, 'backup')
  const report = await runChecked('backup', [copy], other.env, 1)
  expect(report).toContain(`1 rows name an object that the store does not have:\n  ${lost}`)
  expect(report).toContain(`1 objects have other bytes than when they were stored:\n  ${damaged}`)
  expect((await readManifest(copy))?.objects).toMatchObject({ missing: 1, damaged: 1 })
  const target = await createTarget(test)
  expect(await runChecked('restore', [copy], target.env, 1)).toContain('1 objects were missing in the store')
  expect(await readAllRows(target.sql)).toEqual(await readAllRows(other.sql))
  expect(await readNamedObjects(target.sql, target.store)).toEqual(await readNamedObjects(other.sql, other.store))
})

test('what no row names any more leaves the folder with the next backup', async () => {
  await using test = new AsyncDisposableStack()
  const other = await createSource(test, 10)
  await insertUniqueOutputs(other, 5)
  const copy = join(test.use(await createTestDirectory()).path, 'backup')
  await runChecked('backup', [copy], other.env)
  const before = await listObjectFiles(copy)
  await other.sql`delete from generations where prompt = 'unique'`
  await runChecked('backup', [copy], other.env)
  expect(before.length - (await listObjectFiles(copy)).length).toBe(5)
  await expectIntact(copy)
})

test('refuses what is not empty, not a backup or of another studio, each in one sentence', async () => {
  await using test = new AsyncDisposableStack()
  const empty = test.use(await createTestDirectory()).path
  const filled = await createTarget(test)
  await filled.store.put('w/any.png', new Uint8Array(3), { signal })
  const other = await createSource(test, 1)
  const refuse = async (...[name, args, env]: Parameters<typeof runChecked>) =>
    (await runChecked(name, args, env, 2)).trim().split('\n').at(-1)
  expect(await refuse('restore', [folder], source.env)).toMatch(/database .* is not empty/)
  expect(await refuse('restore', [folder], filled.env)).toMatch(/There are objects in/)
  expect(await refuse('restore', [empty], (await createTarget(test)).env)).toMatch(/no whole backup/)
  expect(await refuse('backup', [folder], other.env)).toMatch(/backup of another studio/)
  expect(await refuse('backup', [join(source.env.DATA_DIR ?? '', 'b')], source.env)).toMatch(/in the data directory/)
  await writeFile(join(empty, 'letter.txt'), 'dear')
  expect(await refuse('backup', [empty], source.env)).toMatch(/other files in it \(letter.txt\)/)
  const manifest = JSON.parse(await readFile(backupPaths(folder).manifest, 'utf8'))
  await writeFile(backupPaths(folder).manifest, JSON.stringify({ ...manifest, format: 2 }))
  expect(await refuse('restore', [folder], (await createTarget(test)).env)).toMatch(/format 2, made by a newer/)
  const migrations = [...manifest.migrations, '9999_colour']
  await writeFile(backupPaths(folder).manifest, JSON.stringify({ ...manifest, migrations }))
  expect(await refuse('restore', [folder], (await createTarget(test)).env)).toMatch(/newer Darkroom .*9999_colour/)
  const { stderr, exitCode } = await runCommand('restore', [], source.env)
  expect([exitCode, stderr.trim()]).toEqual([2, 'Name the folder of a backup, or --take-over. (--help says more)'])
})

test('a backup of an older version is restored into this one', async () => {
  await using test = new AsyncDisposableStack()
  const old = await createTarget(test)
  const migrations = (await readManifest(whole))?.migrations ?? []
  const before = migrations.slice(0, migrations.indexOf('0005_previews') + 1)
  await migrateTables(old.env.DATABASE_URL ?? '', before)
  await insertUniqueOutputs(old, 30)
  const copy = join(test.use(await createTestDirectory()).path, 'backup')
  await runChecked('backup', [copy], old.env)
  expect(await readManifest(copy)).toMatchObject({ migrations: before, studioId: null })
  const target = await createTarget(test)
  await runChecked('restore', [copy], target.env)
  expect(await migrate({ url: target.env.DATABASE_URL ?? '' })).toEqual({ applied: [] })
  const [rows, restored] = [await readAllRows(old.sql), await readAllRows(target.sql)]
  for (const table of ['generations', 'generation_outputs'])
    expect(withoutNewColumns(restored[table], rows[table])).toEqual(parseRows(rows[table]))
  expect(restored.generation_documents).toHaveLength(30)
  expect(await readNamedObjects(target.sql, target.store)).toEqual(await readNamedObjects(old.sql, old.store))
  expect(await target.sql`select mode from studio`).toMatchObject([{ mode: 'restored' }])
})

function parseRows(rows: readonly string[] = []): Record<string, unknown>[] {
  return rows.map(row => JSON.parse(row))
}

/** Returns rows with the columns that they had in an older version. */
function withoutNewColumns(rows: readonly string[] | undefined, older: readonly string[] | undefined) {
  const columns = Object.keys(parseRows(older)[0] ?? {})
  return parseRows(rows).map(row => Object.fromEntries(columns.map(column => [column, row[column]])))
}

test('answers that are not stored yet are in the backup and come back', async () => {
  await using test = new AsyncDisposableStack()
  const from = join(source.env.DATA_DIR ?? '', 'journal')
  await mkdir(join(from, 'calls'), { recursive: true })
  await writeFile(join(from, 'calls', 'a.answer'), random.bytes(100_000))
  await writeFile(join(from, 'host'), 'host-1')
  await runChecked('backup', [folder], source.env)
  const target = await createTarget(test)
  await runChecked('restore', [folder], target.env)
  for (const name of ['calls/a.answer', 'host']) {
    const [original, copy] = [join(from, name), join(target.env.DATA_DIR ?? '', 'journal', name)]
    expect(await digestFile(copy, signal)).toEqual(await digestFile(original, signal))
  }
  await rename(from, `${from}.old`)
})

async function areRemovalsPaused(): Promise<boolean> {
  return !(await sql.begin(lockRemovals))
}

/** Asserts that the backup of a folder has every file that its manifest names, with its bytes. */
async function expectIntact(path: string): Promise<void> {
  const [manifest, paths] = [await readManifest(path), backupPaths(path)]
  if (!manifest) throw new Error('there is no manifest')
  for (const { name, rows, sha256 } of manifest.tables) {
    expect([name, await digestFile(paths.table(manifest.id, name), signal)]).toMatchObject([
      name,
      { lines: rows, sha256 },
    ])
  }
  expect(await digestFile(paths.objectList(manifest.id), signal)).toMatchObject(manifest.objects.list)
  for await (const entry of readEntries(paths.objectList(manifest.id), signal)) {
    if (!('sha256' in entry)) continue
    const { bytes, sha256 } = await digestFile(paths.object(entry.sha256), signal)
    expect([entry.key, bytes, sha256]).toEqual([entry.key, entry.bytes, entry.sha256])
  }
}

async function expectRestored(path: string): Promise<void> {
  await using test = new AsyncDisposableStack()
  const target = await createTarget(test)
  await runChecked('restore', [path], target.env)
  expect(await readAllRows(target.sql)).toEqual(await readAllRows(sql))
  expect(await readNamedObjects(target.sql, target.store)).toEqual(await readNamedObjects(sql, store))
}

/** Asserts that a target has the rows and objects of the whole backup, whatever its source has by now. */
async function expectSame(target: Parts): Promise<void> {
  await using test = new AsyncDisposableStack()
  const again = await createTarget(test)
  await runChecked('restore', [whole], again.env)
  expect(await readAllRows(target.sql)).toEqual(await readAllRows(again.sql))
  expect(await readNamedObjects(target.sql, target.store)).toEqual(await readNamedObjects(again.sql, again.store))
}

async function idOf(path: string): Promise<string> {
  return (await readManifest(path))?.id ?? ''
}

async function listObjectFiles(path: string): Promise<string[]> {
  return await Array.fromAsync(new Bun.Glob('??/*').scan({ cwd: join(path, 'objects'), onlyFiles: true }))
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Bun.$`cp -r ${from} ${to}`.quiet()
}
