import { afterAll, beforeAll, expect, test } from 'bun:test'
import { sanitizeParameters } from '@darkroom/contracts/parameters'
import fc from 'fast-check'
import postgres from 'postgres'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { insertGeneration } from '../generations/generation.fixture.ts'
import { createLog } from '../log.ts'
import { type Database, openDatabase } from './connection.ts'
import { migrate, migrateTables, NewerDatabaseError } from './migrations.ts'

const stack = new AsyncDisposableStack()
let sql: Database

beforeAll(async () => {
  sql = connect(stack, stack.use(await createTestDatabase()).url)
})
afterAll(() => stack.disposeAsync())

test('one of three concurrent runs migrates an empty database, the others wait for it', async () => {
  await using database = await emptyDatabase()
  const results = await Promise.all([1, 2, 3].map(() => migrate({ url: database.url })))
  const applied = results.map(result => result.applied).filter(names => names.length > 0)
  expect(applied).toHaveLength(1)
  const rows = await database.sql<{ name: string }[]>`select name from migrations order by id`
  expect(rows.map(row => row.name)).toEqual(applied.flat())
  await insertGeneration(database.sql)
})

test('reports each migration, and runs none a second time', async () => {
  await using database = await emptyDatabase()
  const messages: string[] = []
  const { applied } = await migrate({ url: database.url, onMessage: line => messages.push(line) })
  expect(messages).toEqual(applied.map(name => `migrated ${name}`))
  expect(await migrate({ url: database.url, onMessage: line => messages.push(line) })).toEqual({ applied: [] })
  expect(messages).toHaveLength(applied.length)
})

test('refuses a database of a newer version with an explanation, and leaves it unchanged', async () => {
  await using database = await emptyDatabase()
  await migrate({ url: database.url })
  await database.sql`insert into migrations (name, run_on) values ('9999_colour', now())`
  const attempt = migrate({ url: database.url })
  await expect(attempt).rejects.toThrow(NewerDatabaseError)
  await expect(attempt).rejects.toThrow(/newer Darkroom.*9999_colour/)
  expect(await database.sql`select from migrations where name = '9999_colour'`).toHaveLength(1)
})

test('changes nothing when its signal is aborted before', async () => {
  await using database = await emptyDatabase()
  await expect(migrate({ url: database.url, signal: AbortSignal.abort(new Error('stopping')) })).rejects.toThrow(
    'stopping',
  )
  expect(await database.sql`select from pg_tables where schemaname = 'public'`).toEqual([] as never)
})

test('of old URLs only those that a call was answered with count as such, and none of an imported generation', async () => {
  await using database = await emptyDatabase()
  const { applied } = await migrate({ url: database.url })
  await using old = await emptyDatabase()
  await migrateTables(old.url, applied.slice(0, applied.indexOf('0016_from_call')))
  const [called, imported] = [await insertGeneration(old.sql), await insertGeneration(old.sql)]
  for (const id of [called, imported]) {
    for (const index of [1, 2])
      await old.sql`
        insert into generation_outputs (generation_id, index, kind, state, provider_url)
        values (${id}, ${index}, 'image', 'temporary', 'http://127.0.0.1/a.png')`
    await old.sql`insert into provider_calls (generation_id, call, first_index, count) values (${id}, 0, 1, 1)`
  }
  await old.sql`
    insert into generation_events (generation_id, attempt, to_status, detail) values (${imported}, 0, 'completed', 'imported')`
  await migrate({ url: old.url })
  const rows = await old.sql<{ id: string; index: number }[]>`
    select generation_id as id, index from generation_outputs where from_call`
  expect(rows.map(({ id, index }) => [id, index])).toEqual([[called, 1]])
})

test('words and documents of the version before are stored as those of this one', async () => {
  await using database = await emptyDatabase()
  const { applied } = await migrate({ url: database.url })
  await using old = await emptyDatabase()
  await migrateTables(old.url, applied.slice(0, applied.indexOf('0025_large')))
  const prompt = `it's a "quoted" harbour, 東京 \\ ${'x'.repeat(500)}`
  const insert = async (sql: Database) => await insertGeneration(sql, { prompt })
  const [before, now] = [await insert(old.sql), await insert(database.sql)]
  const readWords = async (sql: Database, id: string) =>
    (
      await sql`select words::text as words, created_at is not null as "hasTime" from generation_words where generation_id = ${id}`
    )[0]
  expect(await readWords(old.sql, before)).not.toEqual(await readWords(database.sql, now))
  await migrate({ url: old.url })
  expect(await readWords(old.sql, before)).toEqual(await readWords(database.sql, now))
  const [document] = await old.sql`
    select d.document = generation_document(g)::text as same, pg_column_size(d.document) < octet_length(d.document) as compressed
    from generation_documents d join generations g on g.id = d.generation_id`
  expect({ ...document }).toEqual({ same: true, compressed: true })
  const [found] = await old.sql<{ count: number }[]>`
    select count(*)::int as count from generation_words
    where indexed_words(workspace_id, words) @@ indexed_query(workspace_id, 'harb:* & 東:* & it & s')`
  expect(found?.count).toBe(1)
})

for (const parameters of [
  '{"referenceImageUrl":"data:image/png;base64,AAAA"}',
  '{"referenceImageUrl":"DATA:IMAGE/PNG"}',
  '{"negativePrompt":"see DaTa:x"}',
  '{"negativePrompt":";BASE64,"}',
  '{"a":{"b":[1,{"c":";bAsE64,AAAA"}]}}',
  '{"a":[["data:"]]}',
  '{"data:":1}',
  '{"a;base64,":1}',
  '{"a":"\\u0064\\u0061ta:x"}',
  '{"a":"\\u003Bbase64,"}',
  '"data:image/png;base64,AAAA"',
]) {
  test(`Postgres rejects the parameters ${parameters} in an insert and in an update`, async () => {
    expect(await codeOf(insertGeneration(sql, { parameters }))).toBe('23514')
    const id = await insertGeneration(sql)
    expect(await codeOf(sql`update generations set parameters = ${parameters}::text::jsonb where id = ${id}`)).toBe(
      '23514',
    )
  })
}

for (const prompt of ['see data:image/png;base64,AAAA', ';BASE64,', 'a\n;Base64,b']) {
  test(`Postgres rejects the prompt ${JSON.stringify(prompt)}`, async () => {
    expect(await codeOf(insertGeneration(sql, { prompt }))).toBe('23514')
  })
}

for (const parameters of [
  '{"settings":{"data":1,"base64":true}}',
  '{"a":"data","b":":"}',
  '{"negativePrompt":"metadata, a base64 chart"}',
]) {
  test(`Postgres accepts the parameters ${parameters}, which have no embedded file`, async () => {
    expect(await codeOf(insertGeneration(sql, { parameters }))).toBeUndefined()
  })
}

test('Postgres accepts everything that the sanitizing rule lets through', async () => {
  const id = await insertGeneration(sql)
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('data', ':', 'DATA:', ';base64', ',', '"', '\\', '\t'),
  )
  const text = fc.array(piece, { maxLength: 4 }).map(pieces => pieces.join(''))
  const settings = fc.dictionary(fc.constantFrom('data', 'base64', 'a.b'), fc.oneof(text, fc.double(), fc.boolean()))
  const given = fc.record({ negativePrompt: text, error: text, settings, seed: fc.integer(), duration: fc.double() })
  await fc.assert(
    fc.asyncProperty(given, async parameters => {
      const json = JSON.stringify(sanitizeParameters(parameters))
      await sql`update generations set parameters = ${json}::text::jsonb where id = ${id}`
    }),
    { numRuns: 200 },
  )
})

/** Creates an empty database and a connection to it. */
async function emptyDatabase() {
  const disposal = new AsyncDisposableStack()
  const { url } = disposal.use(await createTestDatabase())
  const connection = connect(disposal, url)
  await connection.unsafe('drop schema public cascade; create schema public')
  return { url, sql: connection, [Symbol.asyncDispose]: () => disposal.disposeAsync() }
}

function connect(disposal: AsyncDisposableStack, url: string): Database {
  const connection = openDatabase({
    url,
    name: 'test',
    connections: 2,
    log: createLog({ service: 'test', level: 'silent' }),
  })
  disposal.defer(() => connection.end({ timeout: 1 }))
  return connection
}

/** Returns the SQLSTATE of the error, undefined if there was none. 23514: a CHECK. */
async function codeOf(work: PromiseLike<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return error instanceof postgres.PostgresError ? error.code : String(error)
  }
}
