import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackfillResponse } from '@darkroom/contracts/history/backfill'
import type { BackfillReport } from '../../src/database/backfill-report.ts'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { createUniqueImage, insertImportedGeneration, toDataUrl } from '../../testing/data/imported-rows.ts'
import { SNAKE_CASE_TABLES } from '../../testing/data/other-systems.ts'
import { addPngText } from '../../testing/data/png-text.ts'
import { runCommand } from '../../testing/studio/run-command.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { waitUntil } from '../process/wait-until.ts'

const silent = createLog({ service: 'test', level: 'silent' })

test('an operator imports, does a dry run, moves, verifies, and sees which rows could not be moved', async () => {
  await using studio = await startTestStudio()
  const env = { DATA_DIR: studio.dataDir, DATABASE_URL: '', NATS_URL: '' }
  const backfill = (...args: string[]) => runCommand('backfill', args, env)
  const report = async (...args: string[]) => {
    const { stdout, exitCode } = await backfill(...args, '--json')
    return { exitCode, ...(JSON.parse(stdout) as BackfillReport) }
  }
  const lines = await Promise.all(
    Array.from({ length: 5 }, async (_, at) => ({
      id: `old-${at}`,
      prompt: `old ${at}`,
      status: 'failed',
      parameters: { referenceImages: [toDataUrl(await createUniqueImage(32, 32)), 'https://old.invalid/a.png'] },
    })),
  )
  const file = join(studio.dataDir, 'generations.jsonl')
  await Bun.write(file, lines.map(line => JSON.stringify(line)).join('\n'))
  expect(await runCommand('import', [file, '--json'], env)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^{"imported":5,"known":0,"failed":0,.*}\n$/),
  })
  const sql = openSql(studio)
  await using _ = { [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) }
  const broken = await insertImportedGeneration(
    sql,
    { referenceImage: 'data:image/png;base64,%%%' },
    { createdAt: '2030-01-01T00:00:00Z' },
  )

  expect(await report('reference-images', '--dry-run')).toMatchObject({
    exitCode: 1,
    dryRun: true,
    total: 6,
    updated: 5,
  })
  expect(await studio.fetch('/api/admin/backfill-reference-images', { method: 'POST' })).toHaveProperty('status', 401)
  const firstBatch = await callEndpoint(studio, { limit: 2 })
  expect(firstBatch).toMatchObject({ processed: 2, updated: 2, skipped: 0, errors: [], nextCursor: expect.any(String) })
  // The cursor of the older system: the id of the last generation.
  const [, , , , last] = await sql<{ id: string }[]>`
    select generation_id as id from generation_raw order by created_at, generation_id`
  expect(await callEndpoint(studio, { cursor: last?.id.toUpperCase() })).toMatchObject({
    processed: 1,
    updated: 0,
    skipped: 1,
    errors: [{ id: broken }],
    nextCursor: null,
  })
  const moved = await report('reference-images', '--batch', '2')
  expect(moved).toMatchObject({ exitCode: 1, state: 'done', updated: 3, images: 3 })
  expect(moved.failures).toEqual([
    { id: broken, reason: 'referenceImage has characters that are not base64', temporary: false },
  ])
  expect(await report('verify')).toMatchObject({ exitCode: 0, images: 5, failures: [] })
  const left = await sql`select generation_id as id from generation_raw where parameters::text ~* ';base64,'`
  expect(left.map(({ id }) => id)).toEqual([broken])
  expect(await backfill('status', moved.id)).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(broken) })
  expect(await backfill('reference-images', '--typo')).toMatchObject({ exitCode: 2, stdout: '' })
  expect(await runCommand('backfill', ['status'], { ...env, DATA_DIR: join(studio.dataDir, 'none') })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('No studio runs here'),
  })
  await expectImports(studio, { sql, env, file })
})

/** Imports a folder of odd files and a database, and checks what is refused. */
async function expectImports(
  studio: TestStudio,
  { sql, env, file }: { sql: Database; env: Record<string, string>; file: string },
): Promise<void> {
  expect(await runCommand('import', [await createOddFolder(studio.dataDir), '--json'], env)).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/^{"imported":2,"known":0,"failed":4,.*}\n$/),
    stderr: [
      'a\\u{a}b.png: says nothing of how it was made',
      'broken.jpg.png: is damaged or cut short',
      'x.png: is a folder, not a picture',
      'y.png: is a pipe or a device, not a picture',
      '',
    ].join('\n'),
  })
  expect(await runCommand('import', ['/dev/zero'], env)).toMatchObject({ exitCode: 2, stdout: '' })
  await sql
    .unsafe(`create schema other; set search_path = other; ${SNAKE_CASE_TABLES}
    insert into generations (id, prompt) values (1, 'from a database'), (2, 'data:;base64,')`)
    .simple()
  const from = ['--from', `${studio.databaseUrl}?schema=other`, '--json']
  expect(await runCommand('import', from, env)).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/^{"imported":1,"known":0,"failed":1,.*}\n$/),
    stderr: expect.stringContaining('generations 2: prompt: holds a file as text'),
  })
  for (const [args, reason] of [
    [['--from', 'postgres://user:secret@127.0.0.1:9/none'], 'ECONNREFUSED'],
    [['--map', 'map.json', file], '--map belongs to --from'],
    [['--from', 'postgres://host/db', file], 'not both'],
    [[], 'Name a file or a folder'],
  ] as const) {
    const { exitCode, stderr } = await runCommand('import', [...args], env)
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(reason)])
    expect(stderr).not.toContain('secret')
  }
}

/** Runs one batch by the administrative route. */
async function callEndpoint(studio: TestStudio, body: unknown): Promise<BackfillResponse> {
  const secret = await readFile(join(studio.dataDir, 'internal-api-secret'), 'utf8')
  const headers = { 'content-type': 'application/json', 'x-internal-secret': secret }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return BackfillResponse.parse(await (await studio.fetch('/api/admin/backfill-reference-images', init)).json())
}

/** Creates a folder of two images with settings, one of which has a NUL in them, among files that cannot be imported. */
async function createOddFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'odd')
  const image = Buffer.from(await createUniqueImage(32, 32))
  const settings = 'a fox\nSteps: 20, Sampler: Euler'
  await Bun.write(join(folder, 'a\nb.png'), image)
  await Bun.write(join(folder, 'broken.jpg.png'), addPngText(image, 'parameters', settings).subarray(0, -40))
  await Bun.write(join(folder, 'nul.png'), addPngText(image, 'parameters', settings.replace('fox', 'f\0ox')))
  await Bun.write(join(folder, 'x.png', 'good.png'), addPngText(image, 'parameters', settings))
  await Bun.spawn(['mkfifo', join(folder, 'y.png')]).exited
  return folder
}

test('a run survives a kill of Postgres, NATS and ingest: every image is moved once, and verifies', async () => {
  await using studio = await startTestStudio()
  const env = { DATA_DIR: studio.dataDir, DATABASE_URL: '', NATS_URL: '' }
  const sql = openSql(studio)
  await using _ = { [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) }
  const rows = 90
  for (let at = 0; at < rows; at++) {
    await insertImportedGeneration(sql, { referenceImages: [toDataUrl(await createUniqueImage(64, 64))] })
  }
  const running = runCommand('backfill', ['reference-images', '--batch', '5', '--concurrency', '2', '--json'], env)
  for (const [processName, moved] of [
    ['Postgres', 5],
    ['NATS', 25],
    ['ingest', 45],
  ] as const) {
    await waitUntilMoved(sql, moved)
    process.kill(await studio.pidOf(processName), 'SIGKILL')
  }
  const { exitCode, stdout, stderr } = await running
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ state: 'done', updated: rows, images: rows, failures: [] })
  const verified = await runCommand('backfill', ['verify', '--json'], env)
  expect(JSON.parse(verified.stdout)).toMatchObject({ images: rows, failures: [] })
  expect(await sql`select from generation_raw where parameters::text ~* ';base64,'`).toHaveLength(0)
})

function openSql({ databaseUrl }: TestStudio): Database {
  return openDatabase({ url: databaseUrl, name: 'test', connections: 1, log: silent })
}

async function waitUntilMoved(sql: Database, rows: number): Promise<void> {
  const poll = async () => {
    const [row] = await sql<{ count: number }[]>`select count(*)::int as count from backfill_manifest`.catch(() => [])
    return (row?.count ?? 0) >= rows ? true : undefined
  }
  await waitUntil(poll, { what: 'The run', milliseconds: 120_000, signal: new AbortController().signal })
}
