import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Generation } from '@darkroom/contracts/generation'
import type { ImportReport } from '@darkroom/contracts/history/import-report'
import { parseTimeZone, UTC } from '@darkroom/contracts/history/time-zone'
import { readGeneration } from '@darkroom/infra/generations/generations'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { PRISMA_TABLES, SNAKE_CASE_TABLES } from '@darkroom/infra/testing/data/other-systems'
import { makeMp4 } from '@darkroom/infra/testing/fake-provider/video'
import { type BackfillEnv, openBackfillEnv } from '../../backfill/backfill-env.fixture.ts'
import { migrateBatch } from '../../backfill/migrate-batch.ts'
import { createImage, toDataUrl } from '../../backfill/old-row.fixture.ts'
import { importSource } from '../import.ts'
import { toClientId } from '../import-ids.ts'
import { createNotes } from '../notes.ts'
import { createImportLog } from '../report.ts'
import { createTables } from './create-tables.fixture.ts'
import { type DatabaseLocation, openDatabaseSource } from './source.ts'

const IDENTITY = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: true }
const [UPPER, PARENT] = ['0F8FAD5B-D9CB-469F-A165-70867728950E', '11111111-1111-4111-8111-111111111111']
const URL_1 = 'https://cdn.example/o/1.png'
const stack = new AsyncDisposableStack()
let env: BackfillEnv

beforeAll(async () => {
  env = stack.use(await openBackfillEnv())
})
afterAll(() => stack.disposeAsync())

interface Case {
  id: string
  /** Columns of its row, as SQL. */
  row?: Record<string, string>
  /** Columns of its outputs, as SQL. */
  outputs?: Record<string, string>[]
  /** Generation that it becomes; a text: the reason why it is not imported. */
  expected: Record<string, unknown> | string
}

const output = (url: string) => ({ fileUrl: `'${url}'` })
const temporary = { state: 'temporary' }

const CASES: Case[] = [
  {
    id: 'nulls',
    expected: { prompt: '', model: 'unknown', status: 'failed', error: { code: 'imported_empty' }, outputs: [] },
  },
  {
    id: 'whole',
    row: {
      prompt: `'a fox'`,
      negativePrompt: `'people'`,
      modelId: `'flux-2-pro'`,
      status: `'COMPLETED'`,
      seed: '9007199254740993',
      parameters: `'{"aspectRatio": "3:2", "numOutputs": 2}'`,
      createdAt: `'2024-03-31 02:30:00.123'`,
      userId: `'u1'`,
    },
    outputs: [
      { ...output(URL_1), width: '64', height: '48' },
      { ...output('http://cdn.example/2.png'), isStarred: 'true' },
    ],
    expected: {
      prompt: 'a fox',
      model: 'flux-2-pro',
      status: 'completed',
      author: 'Ada',
      createdAt: '2024-03-31T02:30:00.123000Z',
      favourite: true,
      parameters: { aspectRatio: '3:2', negativePrompt: 'people', numOutputs: 2 },
      outputs: [
        { ...temporary, width: 64, height: 48, favourite: false },
        { ...temporary, favourite: true },
      ],
    },
  },
  { id: PARENT, row: { createdAt: `'2024-01-01'` }, outputs: [output(URL_1)], expected: { status: 'completed' } },
  {
    id: 'child',
    row: { parentId: `'${PARENT}'` },
    outputs: [output(URL_1)],
    expected: { parent: { outputIndex: 0, verb: 'vary' } },
  },
  { id: 'orphan-child', row: { parentId: `'nobody'` }, expected: { parent: null } },
  { id: UPPER, row: { createdAt: `'2024-01-01'` }, outputs: [output(URL_1)], expected: { status: 'completed' } },
  {
    id: 'video',
    outputs: [{ ...output('https://cdn.example/a.mp4'), fileType: `'video'` }],
    expected: { kind: 'video' },
  },
  {
    id: 'status-of-theirs',
    row: { status: `'ARCHIVED'` },
    outputs: [output(URL_1)],
    expected: { status: 'completed' },
  },
  {
    id: 'running',
    row: { status: `'PROCESSING'` },
    expected: { status: 'failed', error: { code: 'imported_unfinished' } },
  },
  { id: 'cancelled', row: { status: `'CANCELLED'` }, expected: { status: 'cancelled', error: null } },
  {
    id: 'failed',
    row: { status: `'FAILED'`, parameters: `'{"error": "no credit"}'` },
    expected: { status: 'failed', parameters: { error: 'no credit' } },
  },
  {
    id: 'trash',
    row: { deletedAt: `'2024-02-02'` },
    outputs: [output(URL_1)],
    expected: { deletedAt: expect.any(String), status: 'completed' },
  },
  {
    id: 'one-reference',
    row: { parameters: `'{"referenceImageUrl": "https://cdn.example/r.png"}'` },
    expected: { references: [{ id: null }] },
  },
  { id: 'json-list', row: { parameters: `'[1, 2]'` }, expected: { parameters: {} } },
  { id: 'json-text', row: { parameters: `'"x"'` }, expected: { parameters: {} } },
  { id: 'json-null', row: { parameters: `'null'` }, expected: { parameters: {} } },
  {
    id: 'json-digits',
    row: { parameters: `'{"seed": 18446744073709551615, "n": 1e400}'` },
    expected: { status: 'failed' },
  },
  {
    id: 'json-deep',
    row: { parameters: `('{"a":' || repeat('[', 80) || repeat(']', 80) || '}')::jsonb` },
    expected: /nested deeper/.source,
  },
  {
    id: 'json-large',
    row: { parameters: `jsonb_build_object('mask', repeat('x', 9000000))` },
    expected: { parameters: {} },
  },
  { id: 'infinity', row: { createdAt: `'infinity'` }, expected: 'is not a time from 1970' },
  { id: 'minus-infinity', row: { createdAt: `'-infinity'` }, expected: 'is not a time from 1970' },
  { id: 'before-1970', row: { createdAt: `'1969-12-31 23:59:59'` }, expected: 'is not a time from 1970' },
  { id: 'before-christ', row: { createdAt: `'0044-03-15 BC'` }, expected: 'is not a time from 1970' },
  { id: 'file-in-prompt', row: { prompt: `'data:image/png;base64,AAAA'` }, expected: 'prompt: holds a file as text' },
  { id: 'long-prompt', row: { prompt: `repeat('long ', 20000)` }, expected: { status: 'failed' } },
  { id: 'no-url', outputs: [{}, output('')], expected: { status: 'failed', outputs: [] } },
  { id: 'blob-url', outputs: [output('blob:https://x/1'), output(URL_1)], expected: { outputs: [temporary] } },
  { id: 'relative-url', outputs: [output('/uploads/none.png')], expected: { outputs: [] } },
  { id: 'private-url', outputs: [output('http://10.0.0.1:9000/a.png')], expected: { outputs: [temporary] } },
  { id: 's3-url', outputs: [output('s3://made/a b/1.png')], expected: { outputs: [temporary] } },
  { id: 'path', outputs: [{ filePath: `'u/1.png'`, bucket: `'made'` }], expected: { outputs: [temporary] } },
  {
    id: 'in-folder',
    outputs: [output('https://old.example/storage/v1/object/public/made/u1/a%20b/0.png?token=x')],
    expected: { outputs: [{ state: 'stored', width: 40 }] },
  },
  { id: 'short-name', outputs: [output('https://old.example/other/0.png')], expected: { outputs: [temporary] } },
  { id: 'climbing', outputs: [{ filePath: `'../../etc/passwd'` }], expected: { outputs: [] } },
  { id: 'damaged-data', outputs: [output('data:image/png;base64,AAAA')], expected: 'outputs.0' },
  { id: 'line\nbreak', expected: { status: 'failed' } },
  { id: `quote'"\\`, outputs: [output(URL_1)], expected: { outputs: [temporary] } },
  { id: '', expected: 'id: is neither a text nor a number' },
]
const MANY = {
  id: 'twelve',
  outputs: Array.from({ length: 12 }, (_, n) => output(`https://cdn.example/many/${n}.png`)),
}

test('imports the tables of Prisma once: rows of all kinds, each as it should be or named', async () => {
  const files = join(env.directory, 'mirror')
  await mkdir(files)
  await Bun.write(join(files, 'made', 'u1', 'a b', '0.png'), await createImage('png', 40))
  await Bun.write(join(files, 'refs', 'r1.png'), await createImage('png', 24))
  const clip = makeMp4({ width: 64, height: 36, seconds: 3, bytes: 0 }).pieces
  await Bun.write(join(files, 'made', 'u1', 'clip.mp4'), Buffer.concat(clip))
  await Bun.write(join(files, '0.png'), await createImage('png', 8))
  const dataUrl = toDataUrl(await createImage('png', 16))
  const withText = { referenceImage: dataUrl, referenceImages: [dataUrl, '/refs/r1.png', 'https://cdn.example/r.png'] }
  const cases: Case[] = [
    ...CASES,
    {
      id: 'video-in-folder',
      outputs: [{ filePath: `'u1/clip.mp4'`, bucket: `'made'` }],
      expected: {
        kind: 'video',
        outputs: [{ state: 'stored', kind: 'video', width: 64, duration: 3, mimeType: 'video/mp4' }],
      },
    },
    { id: 'data', outputs: [output(dataUrl)], expected: { outputs: [{ state: 'stored', width: 16 }] } },
    { id: 'base64', row: { parameters: `'${JSON.stringify(withText)}'` }, expected: { references: [{ id: null }] } },
  ]
  await createTables(
    env.databaseUrl,
    'prisma',
    PRISMA_TABLES + [...cases, { ...MANY, expected: {} }].map(toSql).join(''),
  )
  await createTables(
    env.databaseUrl,
    'prisma',
    `
    insert into "User" values ('u1', 'ada@example.com', 'Ada');
    insert into "Generation" ("id") values ('${UPPER.toLowerCase()}');
    insert into "Output" ("id", "generationId", "fileUrl") values ('lost', 'nobody', '${URL_1}')`,
  )
  const location = { url: source('prisma'), files, bucket: 'https://old.example/public/{bucket}/{path}' }
  const dry = await runImport(location, { isDryRun: true })
  const report = await runImport(location)
  const failed = cases.filter(({ expected }) => typeof expected === 'string')
  // The generation with twelve outputs is two, and one is there twice, by its id in both cases.
  const counts = { imported: cases.length - failed.length + 2, known: 1, failed: failed.length }
  expect(dry).toMatchObject({ failed: counts.failed, leftOut: report.leftOut })
  expect(report).toMatchObject(counts)
  expect(report.leftOut).toEqual({
    'outputs of no generation': 1,
    'outputs without an address': 2,
    'outputs at an address that begins with blob:': 1,
    'outputs at a path that leads nowhere without --files or --bucket': 2,
  })
  expect(report.unknownKeys).toEqual({ 'Output.isApproved': 36 })
  for (const { id, expected } of cases) {
    const reason = report.failures.find(({ name }) => name === `Generation ${id}`)?.reason
    if (typeof expected === 'string') expect({ id, reason }).toEqual({ id, reason: expect.stringContaining(expected) })
    else expect({ case: id, ...(await find(id)) }).toMatchObject({ case: id, ...expected })
  }
  expect([(await find('twelve')).outputs.length, (await find('twelve#2')).outputs.length]).toEqual([10, 2])
  expect(await readUrls('s3-url', 'path')).toEqual([
    'https://old.example/public/made/a%20b/1.png',
    'https://old.example/public/made/u/1.png',
  ])
  const [raw] = await env.sql`
    select r.parameters ->> 'seed' as seed, r.parameters ->> 'n' as n from generation_raw r join generations g on g.id = r.generation_id
    where client_id = ${toClientId('json-digits')}`
  expect(raw).toMatchObject({ seed: '18446744073709551615', n: expect.stringMatching(/^10{400}$/) })
  const options = { runId: null, dryRun: false, concurrency: 2, cursor: null, limit: 10 }
  expect(await migrateBatch(env.deps, options)).toMatchObject({ moved: { updated: 1, images: 3 }, failures: [] })
  expect((await find('base64')).references).toMatchObject([{ width: 16 }, { width: 24 }, { id: null }])
  expect(await env.sql`select url from reference_rehosts`).toEqual([{ url: 'https://cdn.example/r.png' }] as never)
  expect(await runImport(location)).toMatchObject({ imported: 0, known: counts.imported + 1, failed: failed.length })
})

test('imports tables in snake case, with numbers as ids and outputs in a column, at the times of their zone', async () => {
  await createTables(
    env.databaseUrl,
    'snake',
    `${SNAKE_CASE_TABLES}
    insert into users values (1, 'bo', 'bo@example.com'), (2, ' ', 'c@example.com');
    insert into generations (id, user_id, model, prompt, params, state, media_type, created_at, completed_at, outputs, is_favorite)
    values (1, 1, 'm', 'one', '{"seed": 5}', 'succeeded', 'TEXT_TO_VIDEO', '2024-01-01 10:00:00.123456+02', '2024-01-01 08:00:05Z',
      '["https://cdn.example/1.mp4", {"fileUrl": "https://cdn.example/2.mp4", "width": 640, "isFavorite": null}]', true),
      (2, 2, null, 'two', 'not {json', 'error', null, '2024-01-02', null, 'null', false);
    insert into generations (id, prompt, image_urls, error_message, legacy_score) values (3, 'three', array['https://cdn.example/3.png'], 'x', 1),
      (4, 'four', null, '{"message": "no credit"}', null)`,
  )
  expect(await runImport({ url: source('snake') })).toMatchObject({
    imported: 4,
    failed: 0,
    leftOut: {},
    unknownKeys: { 'generations.image_urls': 1, 'generations.legacy_score': 1 },
  })
  expect(await find('1')).toMatchObject({
    author: 'bo',
    kind: 'video',
    createdAt: '2024-01-01T08:00:00.123456Z',
    completedAt: '2024-01-01T08:00:05.000000Z',
    parameters: { seed: 5 },
    favourite: true,
    outputs: [temporary, { ...temporary, width: 640 }],
  })
  expect(await find('2')).toMatchObject({ author: 'c@example.com', status: 'failed', model: 'unknown' })
  expect(await find('4')).toMatchObject({ error: { message: 'no credit' } })
})

test('reads what a map names, at the times of another zone, and tables without a row', async () => {
  await createTables(
    env.databaseUrl,
    'odd',
    `
    create table "AI Images" (nr bigint, "the text" text, made timestamp, files json);
    create table generation (id uuid);
    insert into "AI Images" values (901, 'mapped', '2024-07-01 12:00', '"https://cdn.example/1.png"')`,
  )
  const map = join(env.directory, 'map.json')
  const columns = { id: 'nr', prompt: 'the text', createdAt: 'made', outputs: 'files' }
  await Bun.write(map, JSON.stringify({ schema: 'odd', generations: { table: 'AI Images', columns } }))
  const timeZone = parseTimeZone('Europe/Paris') ?? UTC
  expect(await runImport({ url: env.databaseUrl, map }, { timeZone })).toMatchObject({ imported: 1 })
  expect(await find('901')).toMatchObject({
    prompt: 'mapped',
    createdAt: '2024-07-01T10:00:00.000000Z',
    outputs: [temporary],
  })
  expect(await runImport({ url: source('odd') })).toMatchObject({ imported: 0, failed: 0, leftOut: {} })
  await expect(runImport({ url: source('none') })).rejects.toThrow(/no table that may be read/)
})

test('names the rows that the other database cannot read, and reads the others in small batches', async () => {
  await createTables(
    env.databaseUrl,
    'views',
    `create view generations as select 'v' || n as id, 'row ' || n as prompt,
       case n when 700 then (1 / (n - 700))::text else repeat('x', 1000) end as params from generate_series(1, 1203) n`,
  )
  const report = await runImport({ url: source('views') })
  expect(report).toMatchObject({
    imported: 1_202,
    failures: [{ name: 'generations v700', reason: 'cannot be read there (22012)' }],
  })
})

test('reads as a user who may only select some columns, whatever its settings, and says that policies may hide rows', async () => {
  const role = `reader_${crypto.randomUUID().replaceAll('-', '')}`
  const settings = [
    ...["statement_timeout = '200ms'", "idle_in_transaction_session_timeout = '100ms'", "timezone = 'Asia/Tokyo'"],
    ...["datestyle = 'German'", 'search_path = nowhere', "client_encoding = 'LATIN1'"],
    "default_transaction_isolation = 'serializable'",
  ]
  await createTables(
    env.databaseUrl,
    'reader',
    `create table generations (id text, prompt text, secret text, created_at timestamptz);
    create view outputs as select 'r1' as generation_id, 'https://a.example/é.png' || coalesce(pg_sleep(0.3)::text, '') as url;
    insert into generations values ('r1', 'a', 's', '2024-02-01 00:00Z');
    create role ${role} login password 'p%2'; grant usage on schema reader to ${role}; grant select on outputs to ${role};
    grant select (id, prompt, created_at) on generations to ${role};
    ${settings.map(setting => `alter role ${role} set ${setting}`).join('; ')}`,
  )
  const url = new URL(source('reader'))
  Object.assign(url, { username: role, password: 'p%252' })
  expect(await runImport({ url: url.href })).toMatchObject({ imported: 1, leftOut: {}, unknownKeys: {} })
  expect(await find('r1')).toMatchObject({ createdAt: '2024-02-01T00:00:00.000000Z', outputs: [temporary] })
  await createTables(env.databaseUrl, 'reader', 'alter table generations enable row level security')
  const hidden = {
    'rows of generations that its policies hide from this user, if any': 1,
    'outputs of no generation': 1,
  }
  expect(await runImport({ url: url.href })).toMatchObject({ imported: 0, leftOut: hidden })
  await createTables(env.databaseUrl, 'reader', `drop owned by ${role}; drop role ${role}`)
})

test('refuses a folder that is not there before anything is read, as all pictures would be missing', async () => {
  const files = join(env.directory, 'no-such-folder')
  await expect(runImport({ url: source('reader'), files })).rejects.toThrow(`${files} is not there`)
})

function source(schema: string): string {
  return `${env.databaseUrl}?schema=${schema}`
}

function toSql({ id, row = {}, outputs = [] }: Case): string {
  const insert = (table: string, values: Record<string, string>) =>
    `insert into "${table}" (${Object.keys(values).map(name => `"${name}"`)}) values (${Object.values(values)});\n`
  const quoted = `'${id.replaceAll("'", "''")}'`
  return [
    insert('Generation', { id: quoted, status: 'null', createdAt: 'null', ...row }),
    ...outputs.map((values, n) =>
      insert('Output', {
        id: `${quoted} || ' ${n}'`,
        generationId: quoted,
        createdAt: `'2024-01-01 00:00:${n + 10}'`,
        ...values,
      }),
    ),
  ].join('')
}

async function runImport(location: DatabaseLocation, { isDryRun = false, timeZone = UTC } = {}): Promise<ImportReport> {
  const notes = createNotes()
  const log = createImportLog(notes, () => {})
  const { database, store, images, signal } = env.deps
  const opened = await openDatabaseSource(location, { now: new Date(), notes, timeZone, signal })
  const deps = { database, store, images, signal, identity: IDENTITY, budget: createByteBudget(64_000_000) }
  await importSource({ ...deps, folder: opened.folder, isDryRun, log }, opened)
  return log.createReport({ dryRun: isDryRun, isComplete: true, seconds: 0 })
}

async function find(id: string): Promise<Generation> {
  const [row] = await env.sql<{ id: string }[]>`
    select id from generations where client_id = ${toClientId(id)} and workspace_id = ${IDENTITY.workspaceId}`
  const document = await readGeneration(env.sql, {
    id: row?.id ?? crypto.randomUUID(),
    workspaceId: IDENTITY.workspaceId,
  })
  return Generation.parse(JSON.parse(document ?? `"${id} is not there"`))
}

async function readUrls(...ids: string[]): Promise<string[]> {
  const rows = await env.sql<{ url: string }[]>`
    select o.provider_url as url from generation_outputs o join generations g on g.id = o.generation_id
    where g.client_id = any(${ids.map(toClientId)}) order by array_position(${ids.map(toClientId)}, g.client_id)`
  return rows.map(({ url }) => url)
}
